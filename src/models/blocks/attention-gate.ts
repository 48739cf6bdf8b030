// Attention gate of skips. Source: Oktay et al. 2018; https://github.com/LeeJunHyun/Image_Segmentation, `Attention_block`.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { relu, sigmoid } from "../../ops/elementwise/activations.ts";
import { add, mul } from "../../ops/elementwise/arithmetic.ts";
import { channelsOf, conv, norm } from "./layers.ts";

/**
 * x * sigmoid(psi(relu(W_g(g) + W_x(x)))): what the decoder's map g [N, C, H, W] asks of the skip x [N, C, H, W].
 * W_g and W_x are 1x1 convolutions to `inner` channels, psi one to a single channel, each with bias and batch norm.
 */
export function attentionGate(
  b: GraphBuilder,
  name: string,
  g: Value,
  x: Value,
  inner = Math.max(1, Math.floor(channelsOf(x) / 2)),
): Value {
  const projected = (field: string, value: Value, outChannels: number) =>
    norm(b, `${name}.${field}.1`, conv(b, `${name}.${field}.0`, value, { kernel: 1, outChannels, bias: true }));
  const sum = b.apply(add, [projected("W_g", g, inner), projected("W_x", x, inner)], {}, { name: `${name}.add` });
  const joined = b.apply(relu, [sum], {}, { name: `${name}.relu` });
  const share = b.apply(sigmoid, [projected("psi", joined, 1)], {}, { name: `${name}.psi.2` });
  return b.apply(mul, [x, share], {}, { name });
}
