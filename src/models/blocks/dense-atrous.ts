// What CE-Net has between encoder and decoder, under the names of the public version.
// Source: Gu et al. 2019; https://github.com/Guzaiwang/CE-Net, `networks/cenet.py`.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { relu } from "../../ops/elementwise/activations.ts";
import { add } from "../../ops/elementwise/arithmetic.ts";
import { concat } from "../../ops/move/concat.ts";
import { maxPool2d } from "../../ops/pool/max-pool.ts";
import { resize2d } from "../../ops/sample/resize.ts";
import { channelsOf, conv } from "./layers.ts";

/** x [N, C, H, W] and four chains of 3x3 convolutions with dilations 1, 3 and 5, whose weights they share, added up. */
export function denseAtrous(b: GraphBuilder, name: string, x: Value): Value {
  const outChannels = channelsOf(x);
  const dilated = (index: 1 | 2 | 3, value: Value) => {
    const dilation = 2 * index - 1;
    const spec = { kernel: 3, outChannels, dilation, padding: dilation, bias: true };
    return conv(b, `${name}.dilate${index}`, value, spec);
  };
  const pointwise = (value: Value) => conv(b, `${name}.conv1x1`, value, { kernel: 1, outChannels, bias: true });
  const one = dilated(1, x);
  const two = dilated(2, one);
  const chains = [one, pointwise(dilated(2, x)), pointwise(two), pointwise(dilated(3, two))];
  return chains.reduce((sum, chain, i) => {
    const active = b.apply(relu, [chain], {}, { name: `${name}.relu${i + 1}` });
    return b.apply(add, [sum, active], {}, { name: i === chains.length - 1 ? name : `${name}.add${i + 1}` });
  }, x);
}

/**
 * Max pools of x [N, C, H, W] with kernel = stride = each of `pools`, reduced to one channel by one shared 1x1 convolution, resized back,
 * and x itself: [N, pools + C, H, W].
 */
export function poolKernels(b: GraphBuilder, name: string, x: Value, pools: readonly number[]): Value {
  const size = x.type.shape.slice(2) as [number, number];
  const maps = pools.map((kernel, i) => {
    const pooled = b.apply(maxPool2d, [x], { kernel, stride: kernel }, { name: `${name}.pools.${i}` });
    const single = conv(b, `${name}.conv`, pooled, { kernel: 1, outChannels: 1, bias: true });
    return b.apply(resize2d, [single], { size, mode: "bilinear" }, { name: `${name}.up.${i}` });
  });
  return b.apply(concat, [...maps, x], {}, { name });
}
