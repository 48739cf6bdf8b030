// The unit of which segmentation_models.pytorch builds its decoders.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { conv, normRelu } from "./layers.ts";

/** `name.0` a convolution without bias that keeps the size, `name.1` batch norm, ReLU. */
export function convUnit(b: GraphBuilder, name: string, x: Value, kernel: 1 | 3, outChannels: number): Value {
  const spread = conv(b, `${name}.0`, x, { kernel, outChannels, padding: (kernel - 1) / 2 });
  return normRelu(b, `${name}.1`, spread);
}
