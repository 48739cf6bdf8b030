// Each operator of a prepared graph in jax-js. What a graph fixes goes in as an argument of the jitted function.
import type { numpy } from "@jax-js/jax";
import type { Node, Value } from "../../src/graph/ir/graph.ts";
import type { Conv2dAttributes, ConvTranspose2dAttributes } from "../../src/ops/conv/conv2d.ts";
import type { ConcatAttributes } from "../../src/ops/move/concat.ts";
import type { BatchNormAttributes } from "../../src/ops/norm/batch-norm.ts";
import type { AveragePool2dAttributes } from "../../src/ops/pool/average-pool.ts";
import type { MaxPool2dAttributes } from "../../src/ops/pool/max-pool.ts";
import type { Resize2dAttributes } from "../../src/ops/sample/resize.ts";
import { bilinearMatrix } from "./layout.ts";
import { unsupported } from "./unsupported.ts";

export type Jax = typeof import("@jax-js/jax");
type Array = numpy.Array;
export const jaxName = "jax-js";

export interface Weights {
  readonly fixed: ReadonlyMap<Value, Float32Array>;
  /** Keeps an array on the device; returns its index among the arguments. */
  readonly upload: (values: Float32Array, shape: readonly number[]) => number;
}

/** Computes a node; both arguments give a reference that the callee consumes. */
export type Compute = (read: (value: Value) => Array, weight: (index: number) => Array) => Array;

/** Throws Error naming the operator when there is no translation. */
export function translateToJax(jax: Jax, node: Node, weights: Weights): Compute {
  const translation = translations[node.operator.name];
  if (!translation) throw unsupported(jaxName, node);
  return translation(jax, node, weights);
}

const translations: Readonly<Record<string, typeof translateToJax>> = {
  conv2d: convolution,
  convTranspose2d: transposedConvolution,
  batchNorm(_, node, weights) {
    const { eps } = node.attrs as BatchNormAttributes;
    const [gamma, beta, mean, variance] = node.inputs.slice(1).map((value) => known(node, value, weights));
    const scale = gamma!.map((value, c) => value / Math.sqrt(variance![c]! + eps));
    const shift = beta!.map((value, c) => value - (mean![c]! * gamma![c]!) / Math.sqrt(variance![c]! + eps));
    const [scaleIndex, shiftIndex] = [perChannel(node, scale, weights), perChannel(node, shift, weights)];
    return (read, weight) => read(node.inputs[0]!).mul(weight(scaleIndex)).add(weight(shiftIndex));
  },
  relu:
    (jax, { inputs }) =>
    (read) =>
      jax.nn.relu(read(inputs[0]!)),
  add:
    (_, { inputs }) =>
    (read) =>
      read(inputs[0]!).add(read(inputs[1]!)),
  concat(jax, { inputs, attrs }) {
    const { axis } = attrs as ConcatAttributes;
    return (read) => jax.numpy.concatenate(inputs.map(read), axis);
  },
  maxPool2d(jax, node, weights) {
    const { kernel, stride, padding, dilation, ceilMode, indices } = node.attrs as MaxPool2dAttributes;
    if (dilation.some((size) => size !== 1)) throw unsupported(jaxName, node, `with dilation ${dilation}`);
    if (ceilMode) throw unsupported(jaxName, node, "in ceil mode");
    if (indices) throw unsupported(jaxName, node, "with indices");
    const pool = (x: Array) => jax.lax.reduceWindow(x, (window) => jax.numpy.max(window), [...kernel], [...stride]);
    if (padding.every((size) => size === 0)) return (read) => pool(read(node.inputs[0]!));
    // jax-js pads with zeros only: adds a number there that no activation is below, and 0 inside.
    const border = borderPlane(node.inputs[0]!.type.shape, padding, -3e38);
    const index = weights.upload(border.values, border.shape);
    return (read, weight) => pool(jax.numpy.pad(read(node.inputs[0]!), pads(padding)).add(weight(index)));
  },
  averagePool2d(jax, node) {
    const { kernel, stride, padding, ...attrs } = node.attrs as AveragePool2dAttributes;
    if (attrs.ceilMode) throw unsupported(jaxName, node, "in ceil mode");
    if (attrs.divisorOverride !== undefined) throw unsupported(jaxName, node, "with a divisor");
    const padded = padding.some((size) => size > 0);
    if (padded && !attrs.countIncludePad) throw unsupported(jaxName, node, "that does not count its padding");
    return (read) => {
      const x = padded ? jax.numpy.pad(read(node.inputs[0]!), pads(padding)) : read(node.inputs[0]!);
      return jax.lax.reduceWindow(x, (window) => jax.numpy.mean(window), [...kernel], [...stride]);
    };
  },
  /** As jax.image.resize does, which jax-js lacks: one matrix of weights along each axis. Letters would need Node 22. */
  resize2d(jax, node, weights) {
    const { mode, coordinates, scale } = node.attrs as Resize2dAttributes;
    const [, , height, width] = node.inputs[0]!.type.shape as [number, number, number, number];
    const [, , outHeight, outWidth] = node.outputs[0]!.type.shape as [number, number, number, number];
    if (mode !== "bilinear" || coordinates !== "half-pixel")
      throw unsupported(jaxName, node, `${mode}, ${coordinates}`);
    if (scale && (height * scale[0] !== outHeight || width * scale[1] !== outWidth))
      throw unsupported(jaxName, node, "by a scale that gives no whole size");
    const rows = weights.upload(bilinearMatrix(height, outHeight), [outHeight, height]);
    const columns = weights.upload(bilinearMatrix(width, outWidth), [outWidth, width]);
    return (read, weight) =>
      jax.numpy.einsum(
        weight(rows),
        [4, 2],
        read(node.inputs[0]!),
        [0, 1, 2, 3],
        weight(columns),
        [5, 3],
        [0, 1, 4, 5],
      );
  },
};

function convolution(jax: Jax, node: Node, weights: Weights): Compute {
  const [x, kernel] = node.inputs as [Value, Value];
  const { stride, padding, dilation, groups } = node.attrs as Conv2dAttributes;
  const index = weights.upload(known(node, kernel, weights), kernel.type.shape);
  const finish = epilogue(jax, node, weights);
  const options = { rhsDilation: [...dilation], featureGroupCount: groups };
  return (read, weight) => {
    const y = jax.lax.convGeneralDilated(read(x), weight(index), [...stride], spatialPads(padding), options);
    return finish(y, read, weight);
  };
}

/** A convolution over the input spread out by the stride, with the kernel turned round, as lax.conv_transpose does. */
function transposedConvolution(jax: Jax, node: Node, weights: Weights): Compute {
  const [x, kernel] = node.inputs as [Value, Value];
  const { stride, dilation, groups } = node.attrs as ConvTranspose2dAttributes;
  const [channels, groupOutChannels, rows, columns] = kernel.type.shape as [number, number, number, number];
  if (groups !== 1) throw unsupported(jaxName, node, `with groups ${groups}`);
  const turned = turnedKernel(known(node, kernel, weights), [channels, groupOutChannels, rows * columns]);
  const index = weights.upload(turned, [groupOutChannels, channels, rows, columns]);
  const finish = epilogue(jax, node, weights);
  const spread = spreadPads(node);
  const options = { lhsDilation: [...stride], rhsDilation: [...dilation] };
  return (read, weight) => {
    const y = jax.lax.convGeneralDilated(read(x), weight(index), [1, 1], spread, options);
    return finish(y, read, weight);
  };
}

/** What a transposed convolution pads its spread input by. */
export function spreadPads(node: Node): [number, number][] {
  const { padding, dilation, outputPadding } = node.attrs as ConvTranspose2dAttributes;
  const [rows, columns] = node.inputs[1]!.type.shape.slice(2) as [number, number];
  const [top, left, bottom, right] = padding;
  const [reachRows, reachColumns] = [dilation[0] * (rows - 1), dilation[1] * (columns - 1)];
  const spread: [number, number][] = [
    [reachRows - top, reachRows - bottom + outputPadding[0]],
    [reachColumns - left, reachColumns - right + outputPadding[1]],
  ];
  if (spread.flat().some((size) => size < 0)) throw unsupported(jaxName, node, `with padding ${padding}`);
  return spread;
}

/** [C, K, taps] to [K, C, taps], the taps backwards. */
function turnedKernel(values: Float32Array, [channels, outChannels, taps]: [number, number, number]): Float32Array {
  const turned = new Float32Array(values.length);
  for (let c = 0; c < channels; c++)
    for (let k = 0; k < outChannels; k++)
      for (let tap = 0; tap < taps; tap++)
        turned[(k * channels + c) * taps + taps - 1 - tap] = values[(c * outChannels + k) * taps + tap]!;
  return turned;
}

function epilogue(jax: Jax, node: Node, weights: Weights) {
  const { bias, residual, activation } = node.epilogue;
  if (activation.kind !== "none" && activation.kind !== "relu")
    throw unsupported(jaxName, node, `with ${activation.kind}`);
  const last = node.inputs.length - 1;
  const biasValue = node.inputs[residual ? last - 1 : last]!;
  const index = bias ? perChannel(node, known(node, biasValue, weights), weights) : undefined;
  return (result: Array, read: (value: Value) => Array, weight: (index: number) => Array): Array => {
    let y = result;
    if (index !== undefined) y = y.add(weight(index));
    if (residual) y = y.add(read(node.inputs[last]!));
    return activation.kind === "relu" ? jax.nn.relu(y) : y;
  };
}

/** [C] as [1, C, 1, 1], for any number of axes. */
function perChannel(node: Node, values: Float32Array, { upload }: Weights): number {
  return upload(
    values,
    node.outputs[0]!.type.shape.map((_, axis) => (axis === 1 ? values.length : 1)),
  );
}

function known(node: Node, value: Value, { fixed }: Weights): Float32Array {
  const values = fixed.get(value);
  if (values) return values;
  throw unsupported(jaxName, node, `with computed ${value.name}`);
}

type Four = readonly [top: number, left: number, bottom: number, right: number];

export function spatialPads([top, left, bottom, right]: Four): [number, number][] {
  return [
    [top, bottom],
    [left, right],
  ];
}

function pads(padding: Four): [number, number][] {
  return [[0, 0], [0, 0], ...spatialPads(padding)];
}

/** [1, 1, H + top + bottom, W + left + right]: `value` in the padding, 0 inside. */
function borderPlane(shape: readonly number[], [top, left, bottom, right]: Four, value: number) {
  const [height, width] = shape.slice(2) as [number, number];
  const [rows, columns] = [height + top + bottom, width + left + right];
  const values = new Float32Array(rows * columns).fill(value);
  for (let row = top; row < top + height; row++) {
    values.fill(0, row * columns + left, row * columns + left + width);
  }
  return { values, shape: [1, 1, rows, columns] };
}
