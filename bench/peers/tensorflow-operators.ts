// Each operator of a prepared graph as calls of TensorFlow.js. Weights are reordered and uploaded once, at translation.
import type { Tensor, Tensor1D, Tensor4D, Tensor5D } from "@tensorflow/tfjs-core";
import type { Node, Value } from "../../src/graph/ir/graph.ts";
import type { Conv2dAttributes, ConvTranspose2dAttributes } from "../../src/ops/conv/conv2d.ts";
import type { Conv3dAttributes, ConvTranspose3dAttributes } from "../../src/ops/conv/conv3d.ts";
import type { ConcatAttributes } from "../../src/ops/move/concat.ts";
import type { BatchNormAttributes } from "../../src/ops/norm/batch-norm.ts";
import type { AveragePool2dAttributes } from "../../src/ops/pool/average-pool.ts";
import type { MaxPool2dAttributes } from "../../src/ops/pool/max-pool.ts";
import type { Resize2dAttributes } from "../../src/ops/sample/resize.ts";
import type { Sides } from "../../src/ops/walk/window.ts";
import { permute } from "./layout.ts";
import { unsupported } from "./unsupported.ts";

export type TensorFlow = typeof import("@tensorflow/tfjs-core");
export const tensorFlowName = "TensorFlow.js WebGPU";

export interface Weights {
  readonly fixed: ReadonlyMap<Value, Float32Array>;
  /** A tensor that lives as long as the contender. */
  readonly upload: (values: Float32Array, shape: readonly number[]) => Tensor;
}

/** Computes a node from the values before it, all with channels last. */
export type Compute = (read: (value: Value) => Tensor) => Tensor;

/** Throws Error naming the operator when there is no translation. */
export function translateToTensorFlow(tf: TensorFlow, node: Node, weights: Weights): Compute {
  const translation = translations[node.operator.name];
  if (!translation) throw unsupported(tensorFlowName, node);
  return translation(tf, node, weights);
}

const translations: Readonly<Record<string, typeof translateToTensorFlow>> = {
  conv2d: convolution,
  conv3d: volumeConvolution,
  convTranspose2d: transposedConvolution,
  convTranspose3d: transposedVolumeConvolution,
  batchNorm(tf, node, weights) {
    const { eps } = node.attrs as BatchNormAttributes;
    const [gamma, beta, mean, variance] = node.inputs.slice(1).map((value) => vector(node, value, weights));
    return (read) => tf.batchNorm(read(node.inputs[0]!), mean!, variance!, beta, gamma, eps);
  },
  relu:
    (tf, { inputs }) =>
    (read) =>
      tf.relu(read(inputs[0]!)),
  add(tf, node) {
    const [a, b] = node.inputs as [Value, Value];
    if (a.type.shape.length !== b.type.shape.length) throw unsupported(tensorFlowName, node, "of unequal ranks");
    return (read) => tf.add(read(a), read(b));
  },
  concat(tf, node) {
    const { axis } = node.attrs as ConcatAttributes;
    if (axis !== 1 && axis !== -3) throw unsupported(tensorFlowName, node, `along axis ${axis}`);
    return (read) => tf.concat(node.inputs.map(read), 3);
  },
  maxPool2d(tf, node) {
    const { kernel, stride, padding, dilation, ceilMode, indices } = node.attrs as MaxPool2dAttributes;
    if (dilation.some((size) => size !== 1)) throw unsupported(tensorFlowName, node, `with dilation ${dilation}`);
    if (ceilMode) throw unsupported(tensorFlowName, node, "in ceil mode");
    if (indices) throw unsupported(tensorFlowName, node, "with indices");
    const pad = explicit(padding);
    return (read) => tf.maxPool(image(read(node.inputs[0]!)), [...kernel], [...stride], pad);
  },
  averagePool2d(tf, node) {
    const { kernel, stride, padding, ...attrs } = node.attrs as AveragePool2dAttributes;
    if (attrs.ceilMode) throw unsupported(tensorFlowName, node, "in ceil mode");
    if (attrs.divisorOverride !== undefined) throw unsupported(tensorFlowName, node, "with a divisor");
    // TensorFlow never counts padding; zeros that are part of the image are counted.
    const counted = attrs.countIncludePad && padding.some((size) => size > 0);
    const pad = explicit(padding);
    return (read) => {
      const x = image(read(node.inputs[0]!));
      if (!counted) return tf.avgPool(x, [...kernel], [...stride], pad);
      return tf.avgPool(tf.pad(x, pad), [...kernel], [...stride], "valid");
    };
  },
  resize2d(tf, node) {
    const { mode, coordinates, scale } = node.attrs as Resize2dAttributes;
    const [, , height, width] = node.inputs[0]!.type.shape as [number, number, number, number];
    const [, , outHeight, outWidth] = node.outputs[0]!.type.shape as [number, number, number, number];
    if (mode !== "bilinear" || coordinates !== "half-pixel")
      throw unsupported(tensorFlowName, node, `${mode}, ${coordinates}`);
    if (scale && (height * scale[0] !== outHeight || width * scale[1] !== outWidth))
      throw unsupported(tensorFlowName, node, "by a scale that gives no whole size");
    return (read) => tf.image.resizeBilinear(image(read(node.inputs[0]!)), [outHeight, outWidth], false, true);
  },
};

function convolution(tf: TensorFlow, node: Node, weights: Weights): Compute {
  const [x, weight] = node.inputs as [Value, Value];
  const { stride, padding, dilation, groups } = node.attrs as Conv2dAttributes;
  const depthwise = groups > 1 && groups === x.type.shape[1];
  if (groups !== 1 && !depthwise) throw unsupported(tensorFlowName, node, `with groups ${groups}`);
  if (stride.some((size) => size !== 1) && dilation.some((size) => size !== 1))
    throw unsupported(tensorFlowName, node, `with stride ${stride} and dilation ${dilation}`);
  const kernel = depthwise ? depthwiseKernel(node, weight, weights) : denseKernel(node, weight, weights);
  const { bias, residual, activation } = epilogue(node, weights);
  const geometry = { filter: kernel, strides: pair(stride), dilations: pair(dilation) };
  const fused = { ...geometry, ...(bias && { bias }), activation: residual ? "linear" : activation } as const;
  const symmetric = padding.every((size) => size === padding[0]);

  return (read) => {
    const input = image(read(x));
    let y: Tensor4D;
    if (!depthwise) y = tf.fused.conv2d({ ...fused, x: input, pad: explicit(padding) });
    else if (symmetric) y = tf.fused.depthwiseConv2d({ ...fused, x: input, pad: padding[0] });
    else {
      // The fused kernel takes one number as padding.
      const padded = tf.pad(input, explicit(padding));
      y = tf.fused.depthwiseConv2d({ ...fused, x: padded, pad: "valid" });
    }
    if (!residual) return y;
    const sum = tf.add(y, read(residual));
    return activation === "relu" ? tf.relu(sum) : sum;
  };
}

/** Volumes are padded as "same" or not at all; its pad of five axes does not compile. */
function volumeConvolution(tf: TensorFlow, node: Node, weights: Weights): Compute {
  const [x, weight] = node.inputs as [Value, Value];
  const { stride, padding, dilation, groups } = node.attrs as Conv3dAttributes;
  if (groups !== 1) throw unsupported(tensorFlowName, node, `with groups ${groups}`);
  if (dilation.some((size) => size !== 1)) throw unsupported(tensorFlowName, node, `with dilation ${dilation}`);
  const taps = weight.type.shape.slice(2);
  const isSame = stride.every((size) => size === 1) && padding.every((size, side) => 2 * size + 1 === taps[side % 3]);
  if (!isSame && padding.some((size) => size > 0))
    throw unsupported(tensorFlowName, node, `with stride ${stride} and padding ${padding}`);
  const kernel = volumeKernel(node, weight, weights);
  const finish = separateEpilogue(tf, node, weights);
  const pad = isSame ? "same" : "valid";
  return (read) => finish(tf.conv3d(volume(read(x)), kernel, triple(stride), pad), read);
}

function transposedVolumeConvolution(tf: TensorFlow, node: Node, weights: Weights): Compute {
  const [x, weight] = node.inputs as [Value, Value];
  const { stride, padding, dilation, groups } = node.attrs as ConvTranspose3dAttributes;
  if (groups !== 1) throw unsupported(tensorFlowName, node, `with groups ${groups}`);
  if (dilation.some((size) => size !== 1)) throw unsupported(tensorFlowName, node, `with dilation ${dilation}`);
  if (padding.some((size) => size !== 0)) throw unsupported(tensorFlowName, node, `with padding ${padding}`);
  const kernel = volumeKernel(node, weight, weights);
  const [items, channels, ...sizes] = node.outputs[0]!.type.shape as [number, number, number, number, number];
  const finish = separateEpilogue(tf, node, weights);
  return (read) => {
    const size: [number, number, number, number, number] = [items, ...sizes, channels];
    return finish(tf.conv3dTranspose(volume(read(x)), kernel, size, triple(stride), "valid"), read);
  };
}

/** Bias, residual and activation as operators of their own. */
function separateEpilogue(tf: TensorFlow, node: Node, weights: Weights) {
  const { bias, residual, activation } = epilogue(node, weights);
  return (result: Tensor, read: (value: Value) => Tensor): Tensor => {
    let y = result;
    // Its shader for adding a vector to five axes does not compile; two it can.
    if (bias && y.rank > 4) y = tf.reshape(tf.add(tf.reshape(y, [-1, bias.size]), bias), y.shape);
    else if (bias) y = tf.add(y, bias);
    if (residual) y = tf.add(y, read(residual));
    return activation === "relu" ? tf.relu(y) : y;
  };
}

/** As the gradient of a convolution, whose padding and given input size say all that output padding does. */
function transposedConvolution(tf: TensorFlow, node: Node, weights: Weights): Compute {
  const [x, weight] = node.inputs as [Value, Value];
  const { stride, padding, dilation, groups } = node.attrs as ConvTranspose2dAttributes;
  if (groups !== 1) throw unsupported(tensorFlowName, node, `with groups ${groups}`);
  if (dilation.some((size) => size !== 1)) throw unsupported(tensorFlowName, node, `with dilation ${dilation}`);
  // [C, K, R, S] to [R, S, K, C]
  const kernel = denseKernel(node, weight, weights);
  const finish = separateEpilogue(tf, node, weights);
  const [items, channels, height, width] = node.outputs[0]!.type.shape as [number, number, number, number];
  const size: [number, number, number, number] = [items, height, width, channels];
  return (read) => {
    return finish(tf.conv2dTranspose(image(read(x)), kernel, size, pair(stride), explicit(padding)), read);
  };
}

function epilogue(node: Node, weights: Weights) {
  const { bias, residual, activation } = node.epilogue;
  const names = { none: "linear", relu: "relu" } as const;
  if (activation.kind !== "none" && activation.kind !== "relu")
    throw unsupported(tensorFlowName, node, `with ${activation.kind}`);
  const last = node.inputs.length - 1;
  return {
    bias: bias ? vector(node, node.inputs[residual ? last - 1 : last]!, weights) : undefined,
    residual: residual ? node.inputs[last]! : undefined,
    activation: names[activation.kind],
  };
}

/** Axes [0, 1, R, S] of PyTorch's weight to [R, S, 1, 0]. */
function denseKernel(node: Node, weight: Value, weights: Weights): Tensor4D {
  return image(uploadPermuted(node, weight, weights, [2, 3, 1, 0]));
}

/** Axes [0, 1, T, R, S] of PyTorch's weight to [T, R, S, 1, 0]. */
function volumeKernel(node: Node, weight: Value, weights: Weights): Tensor5D {
  return volume(uploadPermuted(node, weight, weights, [2, 3, 4, 1, 0]));
}

function uploadPermuted(node: Node, weight: Value, weights: Weights, order: readonly number[]): Tensor {
  const { shape } = weight.type;
  const values = permute(known(node, weight, weights), shape, order);
  return weights.upload(
    values,
    order.map((axis) => shape[axis]!),
  );
}

/** [C * m, 1, R, S] to [R, S, C, m]. */
function depthwiseKernel(node: Node, weight: Value, weights: Weights): Tensor4D {
  const [outChannels, , rows, columns] = weight.type.shape as [number, number, number, number];
  const { groups } = node.attrs as Conv2dAttributes;
  const values = permute(known(node, weight, weights), [outChannels, rows, columns], [1, 2, 0]);
  return image(weights.upload(values, [rows, columns, groups, outChannels / groups]));
}

function vector(node: Node, value: Value, weights: Weights): Tensor1D {
  const tensor = weights.upload(known(node, value, weights), value.type.shape);
  if (isRank(tensor, 1)) return tensor;
  throw unsupported(tensorFlowName, node, "with a bias that is no vector");
}

function known(node: Node, value: Value, { fixed }: Weights): Float32Array {
  const values = fixed.get(value);
  if (values) return values;
  throw unsupported(tensorFlowName, node, `with computed ${value.name}`);
}

function image(tensor: Tensor): Tensor4D {
  if (isRank(tensor, 4)) return tensor;
  throw new Error(`${tensorFlowName}: got a tensor with ${tensor.rank} axes, expected 4`);
}

function volume(tensor: Tensor): Tensor5D {
  if (isRank(tensor, 5)) return tensor;
  throw new Error(`${tensorFlowName}: got a tensor with ${tensor.rank} axes, expected 5`);
}

function isRank(tensor: Tensor, rank: 1): tensor is Tensor1D;
function isRank(tensor: Tensor, rank: 4): tensor is Tensor4D;
function isRank(tensor: Tensor, rank: 5): tensor is Tensor5D;
function isRank(tensor: Tensor, rank: number): boolean {
  return tensor.rank === rank;
}

export function pair([height, width]: readonly [number, number]): [number, number] {
  return [height, width];
}

function triple([depth, height, width]: readonly [number, number, number]): [number, number, number] {
  return [depth, height, width];
}

type Explicit = [[0, 0], [number, number], [number, number], [0, 0]];

export function explicit([top, left, bottom, right]: Sides): Explicit {
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}
