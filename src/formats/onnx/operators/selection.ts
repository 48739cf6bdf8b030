// Parts of tensors, and tensors put together: slices, splits, concatenation, repetition.

import { equal, logicalOr, where } from "../../../ops/elementwise/masks.ts";
import { concat } from "../../../ops/move/concat.ts";
import { gather } from "../../../ops/move/gather.ts";
import { reshape } from "../../../ops/move/reshape.ts";
import { slice } from "../../../ops/move/slice-pad.ts";
import { tile } from "../../../ops/move/tile.ts";
import { tril, triu } from "../../../ops/move/trilu.ts";
import { expand } from "../../../ops/reduce/sum-expand.ts";
import { elementCount, formatShape } from "../../../tensor.ts";
import { broadcastTo, gatherStrided, type HostTensor, hostTensor, stridesOf } from "../host-tensor.ts";
import type { NodeContext } from "../node-context.ts";
import type { Operand } from "../operand.ts";
import { ensure } from "../unsupported.ts";
import { intsFrom, resolveAxis } from "./axes.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";

/** One axis of a slice: `count` elements from `start` on. */
export interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** Cuts input 0; `part` names the node's step, undefined where it is the node. */
export function cut(node: NodeContext, cuts: readonly Cut[], part?: string): Operand {
  const operand = node.operand(0);
  const shape = operand.shape.map((size, axis) => cuts.find((one) => one.axis === axis)?.count ?? size);
  const tensor = node.optionalTensor(0);
  if (tensor) {
    const strides = stridesOf(operand.shape);
    const offset = cuts.reduce((sum, { axis, start }) => sum + start * strides[axis]!, 0);
    const steps = strides.map((stride, axis) => stride * (cuts.find((one) => one.axis === axis)?.step ?? 1));
    return node.fold(shape, () => gatherStrided(tensor, shape, { offset, strides: steps }));
  }
  const isWhole = cuts.every(({ step }) => step === 1) && formatShape(shape) === formatShape(operand.shape);
  if (isWhole) return operand;
  ensure(!shape.includes(0), `nothing is left of ${formatShape(operand.shape)}`);
  const [back, forth] = [cuts.filter(({ step }) => step < 0), cuts.filter(({ step }) => step > 0)];
  const names = { ...(part !== undefined && { part }) };
  let value = node.anyValue(0);
  if (forth.length > 0) {
    const given = {
      axes: forth.map(({ axis }) => axis),
      starts: forth.map(({ start }) => start),
      ends: forth.map(({ start, step, count }) => start + step * (count - 1) + 1),
      steps: forth.map(({ step }) => step),
    };
    value = node.apply(slice, [value], given, back.length > 0 ? { part: "forth" } : names);
  }
  back.forEach(({ axis, start, step, count }, i) => {
    const places = Array.from({ length: count }, (_, place) => start + place * step);
    const index = node.constant(`index${axis}`, hostTensor("i32", [count], places));
    value = node.apply(gather, [value, index], { axis }, i < back.length - 1 ? { part: `back${axis}` } : names);
  });
  return node.result(value);
}

/** Attributes until operator set 9, inputs since. Indices are clamped to the tensor, as NumPy's. */
const sliceOf: OnnxOperator = {
  build(node) {
    const { shape } = node.operand(0);
    const from = (name: string, input: number) => intsFrom(node, name, { input, inputSince: 10 });
    const starts = from("starts", 1);
    const ends = from("ends", 2);
    ensure(starts !== undefined && ends !== undefined, "starts or ends are missing");
    const axes = from("axes", 3) ?? starts.map((_, axis) => axis);
    const steps = (node.opset < 10 ? undefined : from("steps", 4)) ?? starts.map(() => 1);
    ensure(
      [ends, axes, steps].every(({ length }) => length === starts.length),
      "starts, ends, axes and steps differ",
    );
    const cuts = axes.map((given, i): Cut => {
      const axis = resolveAxis(given, shape.length);
      return { axis, ...range(shape[axis]!, starts[i]!, ends[i]!, steps[i]!) };
    });
    ensure(
      new Set(cuts.map(({ axis }) => axis)).size === cuts.length,
      `axes are ${axes.join(", ")}, expected each once`,
    );
    return cut(node, cuts);
  },
};

function range(size: number, start: number, end: number, step: number): Omit<Cut, "axis"> {
  ensure(Number.isSafeInteger(step) && step !== 0, `a step is ${step}`);
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (index: number) => Math.min(Math.max(index < 0 ? index + size : index, low), high);
  const first = Math.max(clamp(start), 0);
  return { start: first, step, count: Math.max(0, Math.ceil((clamp(end) - first) / step)) };
}

const splitTo: OnnxOperator = {
  build(node) {
    const { shape } = node.operand(0);
    const axis = resolveAxis(node.int("axis", 0), shape.length);
    const size = shape[axis]!;
    const parts = node.int("num_outputs", node.outputs.length);
    const even = Math.ceil(size / parts);
    const given = intsFrom(node, "split", { input: 1, inputSince: 13 });
    const sizes = given ?? node.outputs.map((_, i) => Math.min(even, size - i * even));
    const isWhole = sizes.every((part) => part >= 0) && sizes.reduce((a, b) => a + b, 0) === size;
    ensure(isWhole && sizes.length === node.outputs.length, `split is ${sizes.join(", ")} for ${size} elements`);
    let start = 0;
    return sizes.map((count, i) => {
      const piece = cut(node, [{ axis, start, step: 1, count }], node.outputs[i]);
      start += count;
      return piece;
    });
  },
};

const concatOf: OnnxOperator = {
  build(node) {
    const rank = node.operand(0).shape.length;
    const axis = resolveAxis(node.int("axis", 1), rank);
    const all = node.allKnown();
    if (all) return joinKnown(node, all, axis);
    // An empty part adds nothing.
    const parts = node.inputs.flatMap((operand, i) => (operand?.shape.includes(0) ? [] : [node.anyValue(i)]));
    return node.result(node.apply(concat, parts, { axis }));
  },
};

function joinKnown(node: NodeContext, tensors: readonly HostTensor[], axis: number): Operand {
  const [first] = tensors;
  const fits = ({ shape }: HostTensor) =>
    shape.length === first!.shape.length && shape.every((size, a) => a === axis || size === first!.shape[a]);
  ensure(tensors.every(fits), `shapes do not fit: ${tensors.map(({ shape }) => formatShape(shape)).join(", ")}`);
  const joined = tensors.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  const shape = first!.shape.map((size, a) => (a === axis ? joined : size));
  return node.fold(shape, () => {
    const data = new Float64Array(elementCount(shape));
    const rows = elementCount(shape.slice(0, axis));
    let at = 0;
    for (let row = 0; row < rows; row++) {
      for (const tensor of tensors) {
        const length = tensor.data.length / rows;
        for (let i = 0; i < length; i++) data[at++] = tensor.data[row * length + i]!;
      }
    }
    return { type: first!.type, shape, data };
  });
}

const expandTo: OnnxOperator = {
  build(node) {
    const { shape } = node.operand(0);
    const given = Array.from(node.known(1, "shape").data);
    const rank = Math.max(shape.length, given.length);
    const own = [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
    const wanted = [...Array.from({ length: rank - given.length }, () => 1), ...given];
    const target = own.map((size, axis) => (size === 1 ? wanted[axis]! : size));
    const fits = target.every((size, axis) => wanted[axis] === 1 || wanted[axis] === size);
    ensure(fits && target.every((size) => Number.isSafeInteger(size) && size >= 0), `shape is ${formatShape(given)}`);
    const tensor = node.optionalTensor(0);
    if (tensor) return node.fold(target, () => broadcastTo(tensor, target));
    if (formatShape(target) === formatShape(shape)) return node.operand(0);
    ensure(!target.includes(0), `its output is empty, got shape ${formatShape(target)}`);
    return node.result(node.apply(expand, [node.anyValue(0)], { shape: target }));
  },
};

const tileOf: OnnxOperator = {
  since: 6,
  build(node) {
    const { shape } = node.operand(0);
    const repeats = Array.from(node.known(1, "repeats").data);
    const isValid =
      repeats.length === shape.length && repeats.every((count) => Number.isSafeInteger(count) && count >= 1);
    ensure(isValid, `repeats are ${repeats.join(", ")}, expected ${shape.length} numbers of at least 1`);
    if (repeats.every((count) => count === 1)) return node.operand(0);
    return node.result(node.apply(tile, [node.anyValue(0)], { repeats }));
  },
};

/** `values` [off, on] where the index is that of the new axis; negative indices count from the end. */
const oneHot: OnnxOperator = {
  since: 9,
  build(node) {
    const index = node.operand(0);
    const depth = node.known(1, "depth").data[0] ?? 0;
    const values = node.known(2, "values");
    ensure(Number.isSafeInteger(depth) && depth >= 1 && values.data.length === 2, `depth is ${depth}`);
    const rank = index.shape.length;
    const axis = resolveAxis(node.int("axis", -1), rank + 1);
    const places = index.shape.toSpliced(axis, 0, 1);
    const classes = places.map((_, a) => (a === axis ? depth : 1));
    const at = node.apply(reshape, [node.anyValue(0)], { shape: places }, { part: "index" });
    const range = (part: string, from: number) =>
      node.constant(
        part,
        hostTensor(
          index.type,
          classes,
          Array.from({ length: depth }, (_, i) => from + i),
        ),
      );
    const first = node.apply(equal, [at, range("classes", 0)], {}, { part: "isClass" });
    const last = node.apply(equal, [at, range("fromEnd", -depth)], {}, { part: "isFromEnd" });
    const chosen = node.apply(logicalOr, [first, last], {}, { part: "chosen" });
    const [off, on] = [0, 1].map((i) => node.scalar(i === 0 ? "off" : "on", values.data[i]!, values.type));
    return node.result(node.apply(where, [chosen, on!, off!], {}), values.type);
  },
};

/** One side of a diagonal; the upper one by default. */
const triluOf: OnnxOperator = {
  build(node) {
    const diagonal = node.optionalKnown(1, "k")?.data[0] ?? 0;
    const operator = node.int("upper", 1) === 0 ? tril : triu;
    return node.result(node.apply(operator, [node.anyValue(0)], { diagonal }));
  },
};

export const selection: OperatorTable = {
  Slice: sliceOf,
  Split: splitTo,
  Concat: concatOf,
  Expand: expandTo,
  Tile: tileOf,
  OneHot: oneHot,
  Trilu: triluOf,
};
