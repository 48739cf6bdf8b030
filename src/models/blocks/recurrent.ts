// Recurrent residual units. Source: Alom et al. 2018; https://github.com/LeeJunHyun/Image_Segmentation, `RRCNN_block`.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { add } from "../../ops/elementwise/arithmetic.ts";
import type { OptionRules } from "../options.ts";
import { conv } from "./layers.ts";
import { numberedUnit, type Unit, type UpOptions, type UShape } from "./u-shape.ts";

/** Option of networks of recurrent units. */
export interface RecurrentOptions extends UpOptions {
  /** How often a recurrent unit is applied again to its input and its result. Default 2. */
  readonly steps: number;
}

/** Rule of {@link RecurrentOptions}. */
export const stepsRule: Pick<OptionRules<RecurrentOptions>, "steps"> = {
  steps: {
    text: "How often a recurrent unit is applied again to its input and its result.",
    default: 2,
    range: { integer: true, from: 1, to: 8 },
  },
};

/** The U of recurrent residual units. */
export function recurrentShape({ steps }: RecurrentOptions): Omit<UShape, "gated"> {
  return { unit: recurrentResidual(steps), names: ["RRCNN", "Up_RRCNN"] };
}

/** A 1x1 convolution, then two recurrent units beside a shortcut; each applies its weights 1 + `steps` times. */
function recurrentResidual(steps: number): Unit {
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
