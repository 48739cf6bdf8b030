// Recurrent residual units. Source: Alom et al. 2018; https://github.com/LeeJunHyun/Image_Segmentation, `RRCNN_block`.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { add } from "../../ops/elementwise/arithmetic.ts";
import { conv } from "./layers.ts";
import { numberedUnit, type Unit } from "./u-shape.ts";

/** A 1x1 convolution, then two recurrent units beside a shortcut; each applies its weights 1 + `steps` times. */
export function recurrentResidual(steps: number): Unit {
  return (b, name, x, outChannels) => {
    const projected = conv(b, `${name}.Conv_1x1`, x, { kernel: 1, outChannels, bias: true });
    const first = recurrent(b, `${name}.RCNN.0`, projected, outChannels, steps);
    const second = recurrent(b, `${name}.RCNN.1`, first, outChannels, steps);
    return b.apply(add, [projected, second], {}, { name });
  };
}

/** y = unit(x), then y = unit(x + y) `steps` times: one convolution and one batch norm, with the same weights each time. */
function recurrent(b: GraphBuilder, name: string, x: Value, outChannels: number, steps: number): Value {
  let y = numberedUnit(b, `${name}.conv`, 0, x, outChannels);
  for (let step = 0; step < steps; step++) {
    const sum = b.apply(add, [x, y], {}, { name: `${name}.add.${step}` });
    y = numberedUnit(b, `${name}.conv`, 0, sum, outChannels);
  }
  return y;
}
