// Parts of tensors, and tensors put together: slices, splits, concatenation, repetition.

import type { Value } from "../../../graph/graph.ts";
import { mul } from "../../../ops/arithmetic.ts";
import { concat } from "../../../ops/concat.ts";
import { reshape } from "../../../ops/reshape.ts";
import { slice } from "../../../ops/slice.ts";
import { elementCount, formatShape, type Shape } from "../../../tensor.ts";
import { broadcastTo, gatherStrided, type HostTensor, hostTensor, stridesOf } from "../host-tensor.ts";
import type { NodeContext } from "../node-context.ts";
import type { Operand } from "../operand.ts";
import { ensure } from "../unsupported.ts";
import { intsFrom, resolveAxis } from "./axes.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";

/** More pieces than this are a loop, not a network. */
const mostPieces = 64;

/** One axis of a slice: `count` elements from `start` on. */
interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** Cuts input 0; `part` names the node's step, undefined where it is the node. */
function cut(node: NodeContext, cuts: readonly Cut[], part?: string): Operand {
  const operand = node.operand(0);
  const shape = operand.shape.map((size, axis) => cuts.find((one) => one.axis === axis)?.count ?? size);
  const tensor = node.optionalTensor(0);
  if (tensor) {
    const strides = stridesOf(operand.shape);
    const offset = cuts.reduce((sum, { axis, start }) => sum + start * strides[axis]!, 0);
    const steps = strides.map((stride, axis) => stride * (cuts.find((one) => one.axis === axis)?.step ?? 1));
    return node.fold(shape, () => gatherStrided(tensor, shape, { offset, strides: steps }));
  }
  if (formatShape(shape) === formatShape(operand.shape)) return operand;
  ensure(
    cuts.every(({ step }) => step > 0),
    "steps below 1 are computed on constants only",
  );
  ensure(!shape.includes(0), `nothing is left of ${formatShape(operand.shape)}`);
  const given = {
    axes: cuts.map(({ axis }) => axis),
    starts: cuts.map(({ start }) => start),
    ends: cuts.map(({ start, step, count }) => start + step * (count - 1) + 1),
    steps: cuts.map(({ step }) => step),
  };
  return node.result(node.apply(slice, [node.value(0)], given, part === undefined ? {} : { part }));
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
    const parts = node.inputs.flatMap((operand, i) => (operand?.shape.includes(0) ? [] : [node.value(i)]));
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

/** Slices of input 0 at known indices: one for each run of indices with the same step. */
const gather: OnnxOperator = {
  build(node) {
    const { shape } = node.operand(0);
    const axis = resolveAxis(node.int("axis", 0), shape.length);
    const size = shape[axis]!;
    const indices = node.known(1, "indices");
    const at = Array.from(indices.data, (index) => (index < 0 ? index + size : index));
    ensure(
      at.every((index) => index >= 0 && index < size),
      `indices are ${at.slice(0, 8).join(", ")}, expected 0 to ${size - 1}`,
    );
    const target = [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)];
    const tensor = node.optionalTensor(0);
    if (tensor) return node.fold(target, () => gatherKnown(tensor, axis, at, target));
    const cuts = runs(axis, at);
    ensure(
      cuts.length <= mostPieces && cuts.length > 0,
      `${cuts.length} separate indices, expected 1 to ${mostPieces}`,
    );
    const pieces = cuts.map((one, i) => node.asValue(cut(node, [one], `piece${i}`), "a piece"));
    const whole = pieces.length === 1 ? pieces[0]! : node.apply(concat, pieces, { axis }, { part: "pieces" });
    return node.result(node.apply(reshape, [whole], { shape: target }));
  },
};

function gatherKnown(tensor: HostTensor, axis: number, at: readonly number[], shape: Shape): HostTensor {
  const inner = elementCount(tensor.shape.slice(axis + 1));
  const outer = elementCount(tensor.shape.slice(0, axis));
  const size = tensor.shape[axis]!;
  const data = new Float64Array(elementCount(shape));
  let next = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of at) {
      for (let i = 0; i < inner; i++) data[next++] = tensor.data[(o * size + index) * inner + i]!;
    }
  }
  return { type: tensor.type, shape, data };
}

function runs(axis: number, at: readonly number[]): Cut[] {
  const cuts: Cut[] = [];
  for (const index of at) {
    const last = cuts.at(-1);
    const step = last && (last.count === 1 ? index - last.start : last.step);
    if (last && step !== undefined && step > 0 && last.start + step * last.count === index) {
      cuts[cuts.length - 1] = { ...last, step, count: last.count + 1 };
    } else cuts.push({ axis, start: index, step: 1, count: 1 });
  }
  return cuts;
}

/** A product with ones, which broadcasts and changes nothing. */
const expand: OnnxOperator = {
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
    const repeats = target.map((size, axis) => (own[axis] === 1 ? size : 1));
    return node.result(node.apply(mul, [node.value(0), ones(node, repeats)], {}));
  },
};

function ones(node: NodeContext, shape: Shape): Value {
  const operand = node.fold(shape, () => hostTensor("f32", shape, new Float64Array(elementCount(shape)).fill(1)));
  return node.asValue(operand, "ones");
}

const tile: OnnxOperator = {
  since: 6,
  build(node) {
    const { shape } = node.operand(0);
    const repeats = Array.from(node.known(1, "repeats").data);
    ensure(repeats.length === shape.length, `repeats are ${repeats.join(", ")}, expected ${shape.length} numbers`);
    const pieces = repeats.reduce((sum, count) => sum + count, 0);
    ensure(
      repeats.every((count) => count >= 1) && pieces <= mostPieces + repeats.length,
      `repeats are ${repeats.join(", ")}`,
    );
    let value = node.value(0);
    const last = repeats.findLastIndex((count) => count > 1);
    if (last < 0) return node.operand(0);
    repeats.forEach((count, axis) => {
      if (count === 1) return;
      const copies = Array.from({ length: count }, () => value);
      value = node.apply(concat, copies, { axis }, axis === last ? {} : { part: `axis${axis}` });
    });
    return node.result(value);
  },
};

export const selection: OperatorTable = {
  Slice: sliceOf,
  Split: splitTo,
  Concat: concatOf,
  Gather: gather,
  Expand: expand,
  Tile: tile,
};
