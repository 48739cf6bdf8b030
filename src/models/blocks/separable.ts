// Depthwise-separable convolution as in Xception and DeepLabv3+.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { relu } from "../../ops/elementwise/activations.ts";
import { channelsOf, conv, norm, normRelu } from "./layers.ts";

export interface SeparableSpec {
  readonly outChannels: number;
  /** Default 1. */
  readonly stride?: number;
  /** Default 1. */
  readonly dilation?: number;
  /** Where the ReLUs are: in front of all, or behind each batch norm. */
  readonly activation: "before" | "after";
  /** Of batch norm. */
  readonly eps: number;
}

/** `name_depthwise` 3x3 and `name_pointwise` 1x1, each with batch norm (`..._BN`): [N, C, H, W] to [N, K, H/stride, W/stride]. */
export function separableConv(b: GraphBuilder, name: string, x: Value, spec: SeparableSpec): Value {
  const { outChannels, stride = 1, dilation = 1, activation, eps } = spec;
  const bn = (module: string, value: Value) =>
    activation === "after" ? normRelu(b, `${module}_BN`, value, undefined, eps) : norm(b, `${module}_BN`, value, eps);
  const input = activation === "before" ? b.apply(relu, [x], {}, { name: `${name}.relu` }) : x;
  const groups = channelsOf(x);
  const window = { kernel: 3, outChannels: groups, groups, stride, dilation, padding: dilation };
  const spread = bn(`${name}_depthwise`, conv(b, `${name}_depthwise`, input, window));
  return bn(`${name}_pointwise`, conv(b, `${name}_pointwise`, spread, { kernel: 1, outChannels }));
}
