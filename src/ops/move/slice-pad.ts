// Boxes of tensors: cutting one out, and putting elements around one. Each is the gradient of the other.
import { type PadMode, padShader, padSpec } from "../../../shaders/move/pad.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { f32ToF16, saturateF16 } from "../../half.ts";
import { type DType, formatShape, type Shape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { GradientContext, Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { resolveAxes, resolveAxis } from "../walk/axes.ts";
import { wordType } from "../walk/operands.ts";
import { flatGrid, strided, walk } from "../walk/strided.ts";
import { requireIntegers } from "../walk/window.ts";
import { copyDispatch } from "./copy.ts";
import { padGradient } from "./pad-gradient.ts";
import { reshape } from "./reshape.ts";

export interface SliceAttributes {
  readonly axes: readonly number[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly steps: readonly number[];
}

export interface SliceGiven {
  /** First index along each of `axes`; negative counts from the end. */
  readonly starts: readonly number[];
  /** Index before which each axis ends; negative counts from the end, and Infinity is the end. */
  readonly ends: readonly number[];
  /** The axes that are cut; the others stay whole. Default the first ones: 0, 1, ... */
  readonly axes?: readonly number[];
  /** Default 1 for each. */
  readonly steps?: readonly number[];
}

interface Range {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** Where the output's elements lie along each axis of the input, as NumPy cuts them. */
function sliceRanges(shape: Shape, { axes, starts, ends, steps }: SliceAttributes): readonly Range[] {
  const ranges = shape.map((size): Range => ({ start: 0, step: 1, count: size }));
  axes.forEach((given, i) => {
    const axis = resolveAxis("slice", given, shape);
    const size = shape[axis]!;
    const clamp = (index: number) => Math.min(Math.max(index < 0 ? index + size : index, 0), size);
    const start = clamp(starts[i]!);
    const step = steps[i]!;
    ranges[axis] = { start, step, count: Math.max(0, Math.ceil((clamp(ends[i]!) - start) / step)) };
  });
  return ranges;
}

const copies: Kernel<SliceAttributes> = {
  name: "slice/copy",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [input, output] = [call.inputs[0], call.outputs[0]];
    const x = strided(input);
    const ranges = sliceRanges(input.shape, call.attrs);
    const region = {
      offset: ranges.reduce((offset, { start }, axis) => offset + start * x.strides[axis]!, x.offset),
      strides: ranges.map(({ step }, axis) => step * x.strides[axis]!),
    };
    return [copyDispatch(device, { sizes: output.shape, dtype: output.dtype, x: region, y: strided(output) })];
  },
};

/** Zeros behind every element but the last, where an axis has steps: as many as were skipped. */
function spreadSteps<V>({ apply, type }: GradientContext<V>, gradient: V, ranges: readonly Range[]): V {
  if (ranges.every(({ step }) => step === 1)) return gradient;
  const { shape } = type(gradient);
  const apart = apply(reshape, [gradient], { shape: shape.flatMap((size) => [size, 1]) });
  const begin = shape.flatMap(() => [0, 0]);
  const padded = apply(pad, [apart], { begin, end: ranges.flatMap(({ step }) => [0, step - 1]) });
  const joined = apply(reshape, [padded], { shape: ranges.map(({ step }, axis) => step * shape[axis]!) });
  const ends = ranges.map(({ step }, axis) => step * (shape[axis]! - 1) + 1);
  return apply(slice, [joined], { starts: ends.map(() => 0), ends });
}

/**
 * Cuts a box out of a tensor: x[start:end:step] along each axis, as in NumPy.
 * - x: [...]; output: ceil((end - start) / step) along a cut axis, with start and end clamped to the tensor.
 * - gradient: zeros around it, and between its elements where there are steps. It keeps nothing.
 * Throws ShapeError if nothing is left, a step is not positive or an axis is named twice.
 * Source: https://onnx.ai/onnx/operators/onnx__Slice.html
 */
export const slice: Operator<SliceAttributes, SliceGiven> = {
  name: "slice",
  attributes({ starts, ends, axes = starts.map((_, axis) => axis), steps = starts.map(() => 1) }) {
    if (![ends, axes, steps].every(({ length }) => length === starts.length)) {
      const lengths = [starts, ends, axes, steps].map(({ length }) => length);
      throw new ShapeError(`slice: got ${lengths.join(", ")} starts, ends, axes and steps, expected as many of each`);
    }
    const isIndex = (index: number) => Number.isInteger(index) || Math.abs(index) === Number.POSITIVE_INFINITY;
    if (![...starts, ...ends].every(isIndex)) {
      throw new ShapeError(
        `slice: got starts ${formatShape(starts)} and ends ${formatShape(ends)}, expected integers or Infinity`,
      );
    }
    requireIntegers("slice: axes", axes, Number.MIN_SAFE_INTEGER);
    requireIntegers("slice: steps", steps, 1);
    return { axes, starts, ends, steps };
  },
  shape(inputs, attrs) {
    const [{ shape, dtype }] = inputs;
    resolveAxes("slice", attrs.axes, shape);
    const output = sliceRanges(shape, attrs).map(({ count }) => count);
    if (output.some((size) => size === 0)) {
      throw new ShapeError(
        `slice: nothing is left: got starts ${formatShape(attrs.starts)} and ends ${formatShape(attrs.ends)} on axes ` +
          `${formatShape(attrs.axes)}, expected at least one element (input shapes: ${formatShape(shape)})`,
      );
    }
    return [{ shape: output, dtype }];
  },
  cost: (call) => ({ flop: 0, bytes: 2 * operandBytes({ ...call, inputs: [] }) }),
  kernels: [copies],
  gradient(context) {
    const [x] = context.inputs;
    const { shape } = context.type(x);
    const ranges = sliceRanges(shape, context.attrs);
    const spread = spreadSteps(context, context.gy, ranges);
    const covered = context.type(spread).shape;
    const begin = ranges.map(({ start }) => start);
    const end = shape.map((size, axis) => size - begin[axis]! - covered[axis]!);
    return [context.apply(pad, [spread], { begin, end })];
  },
};

export type { PadMode };

export interface PadAttributes {
  readonly begin: readonly number[];
  readonly end: readonly number[];
  readonly mode: PadMode;
  readonly value: number;
}

export interface PadGiven {
  /** Elements before the first one, for every axis. */
  readonly begin: readonly number[];
  /** Elements behind the last one, for every axis. */
  readonly end: readonly number[];
  /** `constant` (default), `reflect` (mirrored without repeating the edge) or `replicate` (the edge repeated). */
  readonly mode?: PadMode;
  /** What `constant` adds. Default 0. */
  readonly value?: number;
}

const gather: Kernel<PadAttributes> = {
  name: "pad/gather",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [input, output] = [call.inputs[0], call.outputs[0]];
    const { begin, mode, value } = call.attrs;
    const plan = walk(output.shape, { y: strided(output) }, { join: false, vectors: false });
    const x = strided(input);
    const template = { ...plan.template, mode, word: wordType(output.dtype) };
    const values: Record<string, number> = {
      ...plan.values,
      x_offset: x.offset,
      value: wordOf(value, output.dtype),
    };
    for (let axis = 0; axis < plan.template.rank; axis++) {
      values[`begin${axis}`] = begin[axis] ?? 0;
      values[`x_size${axis}`] = input.shape[axis] ?? 1;
      values[`x_stride${axis}`] = x.strides[axis] ?? 1;
    }
    return [
      {
        code: padShader(template),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(padSpec(template), values),
        workgroups: flatGrid(plan.count, device),
      },
    ];
  },
};

function isWord(value: number, dtype: "i32" | "u32"): boolean {
  return dtype === "i32" ? value === value >> 0 : value === value >>> 0;
}

/** The bits of a value. */
function wordOf(value: number, dtype: DType): number {
  if (dtype === "f16") return f32ToF16(Float32Array.of(saturateF16(value)))[0]!;
  const view = new DataView(new ArrayBuffer(4));
  if (dtype === "f32") view.setFloat32(0, value);
  else view.setInt32(0, value);
  return view.getUint32(0);
}

/**
 * Puts elements around a tensor: a constant, its mirror image or its edge.
 * - x: [...]; output: begin + size + end along each axis.
 * - gradient: each element's, and those of its copies. It keeps nothing.
 * Throws ShapeError if begin and end are not one count of at least 0 per axis (it does not crop), or if a mirror image is
 * as long as the tensor or longer. Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
 */
export const pad: Operator<PadAttributes, PadGiven> = {
  name: "pad",
  attributes({ begin, end, mode = "constant", value = 0 }) {
    requireIntegers("pad: begin", begin, 0);
    requireIntegers("pad: end", end, 0);
    return { begin, end, mode, value };
  },
  shape(inputs, { begin, end, mode, value }) {
    const [{ shape, dtype }] = inputs;
    if (begin.length !== shape.length || end.length !== shape.length) {
      throw new ShapeError(
        `pad: got begin ${formatShape(begin)} and end ${formatShape(end)}, expected ${shape.length} of each ` +
          `(input shapes: ${formatShape(shape)})`,
      );
    }
    if (mode === "reflect" && !shape.every((size, axis) => begin[axis]! < size && end[axis]! < size)) {
      throw new ShapeError(
        `pad: got begin ${formatShape(begin)} and end ${formatShape(end)}, expected each less than the size that it ` +
          `reflects (input shapes: ${formatShape(shape)})`,
      );
    }
    if (dtype !== "f32" && dtype !== "f16" && !isWord(value, dtype))
      throw new ShapeError(`pad: value is ${value}, expected an integer of ${dtype}`);
    return [{ shape: shape.map((size, axis) => begin[axis]! + size + end[axis]!), dtype }];
  },
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  kernels: [gather],
  gradient({ inputs: [x], gy, attrs: { begin, end, mode }, type, apply }) {
    if (mode !== "constant") return [apply(padGradient, [gy], { begin, end, mode })];
    const ends = type(x).shape.map((size, axis) => begin[axis]! + size);
    return [apply(slice, [gy], { starts: begin, ends })];
  },
};
