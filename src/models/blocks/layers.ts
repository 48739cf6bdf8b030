// Blocks that networks share. Each takes PyTorch's module names, so parameters are found under their state_dict names.

import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { type Conv2dGiven, type ConvTranspose2dGiven, conv2d, convTranspose2d } from "../../ops/conv/conv2d.ts";
import { relu } from "../../ops/elementwise/activations.ts";
import type { InitialValue } from "../../ops/initial.ts";
import { concat } from "../../ops/move/concat.ts";
import { batchNorm } from "../../ops/norm/batch-norm.ts";
import { image, type Size2d } from "../../ops/walk/window.ts";

/** Number of channels of a value [N, C, ...]. */
export function channelsOf(value: Value): number {
  return value.type.shape[1]!;
}

/** A grey image [N, 1, ...] as one of as many equal channels, named `channels`. */
export function repeatChannels(b: GraphBuilder, image: Value, channels: number): Value {
  return channels === 1 ? image : b.apply(concat, Array<Value>(channels).fill(image), {}, { name: "channels" });
}

/** A channel count under a width multiplier: rounded half up, at least 1. */
export function scaleChannels(channels: number, width: number): number {
  return Math.max(1, Math.floor(channels * width + 0.5));
}

/** What a convolution's parameters follow from. */
interface ConvSpec {
  /** A number for square kernels, or [rows, columns]. */
  readonly kernel: Size2d;
  readonly outChannels: number;
  /** Whether there is a parameter `name.bias`. Default false: batch norm follows. */
  readonly bias?: boolean;
  /** How the weight begins. Default: as PyTorch's does. */
  readonly initial?: InitialValue;
}

export type Conv2dSpec = ConvSpec & Conv2dGiven;

/** `nn.Conv2d`; weight [K, C/groups, R, S] under `name.weight`. */
export function conv(b: GraphBuilder, name: string, x: Value, spec: Conv2dSpec): Value {
  const { kernel, outChannels, bias, initial, ...given } = spec;
  const shape = [outChannels, channelsOf(x) / (given.groups ?? 1), ...image.expand(kernel)];
  const options = bias ? { name, bias: b.parameter(`${name}.bias`, [outChannels]) } : { name };
  return b.apply(conv2d, [x, b.parameter(`${name}.weight`, shape, initial)], given, options);
}

/** `nn.ConvTranspose2d`; weight [C, K/groups, R, S] under `name.weight`. */
export function convTranspose(b: GraphBuilder, name: string, x: Value, spec: ConvSpec & ConvTranspose2dGiven): Value {
  const { kernel, outChannels, bias, initial, ...given } = spec;
  const shape = [channelsOf(x), outChannels / (given.groups ?? 1), ...image.expand(kernel)];
  const options = bias ? { name, bias: b.parameter(`${name}.bias`, [outChannels]) } : { name };
  return b.apply(convTranspose2d, [x, b.parameter(`${name}.weight`, shape, initial)], given, options);
}

/** `nn.BatchNorm2d` in evaluation mode. */
export function norm(b: GraphBuilder, name: string, x: Value, eps = 1e-5): Value {
  const parameter = (field: string) => b.parameter(`${name}.${field}`, [channelsOf(x)]);
  const inputs = [x, parameter("weight"), parameter("bias"), parameter("running_mean"), parameter("running_var")];
  return b.apply(batchNorm, inputs, { eps }, { name });
}

/** Batch norm, then ReLU; `name` is the norm's, `output` that of the result. */
export function normRelu(b: GraphBuilder, name: string, x: Value, output = `${name}.relu`, eps = 1e-5): Value {
  return b.apply(relu, [norm(b, name, x, eps)], {}, { name: output });
}
