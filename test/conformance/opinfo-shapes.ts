// PyTorch's operators that only move elements, as graphs.
import type { Value } from "../../src/graph/ir/graph.ts";
import {
  concat,
  expand,
  gather,
  gatherElements,
  pad,
  slice,
  tile,
  transpose,
  tril,
  triu,
} from "../../src/ops/index.ts";
import type { Shape } from "../../src/tensor.ts";
import { type Call, isTensor, OutOfScope, type Translation } from "./opinfo-call.ts";
import type { Argument } from "./opinfo-samples.ts";

export const shapes: Readonly<Record<string, Translation>> = {
  reshape: of("input shape", (call, x) => call.reshape(x, call.list("shape") ?? [])),
  view: of("input shape", (call, x) => call.reshape(x, call.list("shape") ?? [])),
  flatten: of("input start_dim end_dim", (call, x) => {
    const { shape } = x.type;
    const [start, end] = [axisOf(shape, call.number("start_dim", 0)), axisOf(shape, call.number("end_dim", -1))];
    return call.reshape(x, shape.length === 0 ? [1] : [...shape.slice(0, start), -1, ...shape.slice(end + 1)]);
  }),
  squeeze: of("input dim", (call, x) => {
    const { shape } = x.type;
    const axes = (call.list("dim") ?? [...shape.keys()]).map((axis) => axisOf(shape, axis));
    return call.reshape(
      x,
      shape.filter((size, axis) => size !== 1 || !axes.includes(axis)),
    );
  }),
  unsqueeze: of("input dim", (call, x) => {
    const axis = call.number("dim");
    const { shape } = x.type;
    return call.reshape(x, shape.toSpliced(axis < 0 ? axis + shape.length + 1 : axis, 0, 1));
  }),
  permute: of("input dims", (call, x) => {
    const permutation = (call.list("dims") ?? []).map((axis) => axisOf(x.type.shape, axis));
    return call.apply(transpose, [x], { permutation });
  }),
  transpose: of("input dim0 dim1", (call, x) => exchange(call, x, call.number("dim0"), call.number("dim1"))),
  t: of("input", (call, x) => (x.type.shape.length < 2 ? call.reshape(x, x.type.shape) : exchange(call, x, 0, 1))),
  movedim: of("input source destination", (call, x) => {
    const { shape } = x.type;
    const resolve = (name: string) => (call.list(name) ?? []).map((axis) => axisOf(shape, axis));
    const [source, destination] = [resolve("source"), resolve("destination")];
    const rest = [...shape.keys()].filter((axis) => !source.includes(axis));
    const permutation = [...shape.keys()].map((axis) => {
      const moved = destination.indexOf(axis);
      return moved < 0 ? rest.shift()! : source[moved]!;
    });
    return call.apply(transpose, [x], { permutation });
  }),
  expand: of("input size", (call, x) => expanded(call, x, call.list("size") ?? [])),
  broadcast_to: of("input size", (call, x) => expanded(call, x, call.list("size") ?? [])),
  expand_as: of("input other", (call, x) => expanded(call, x, call.tensor("other").type.shape)),
  repeat: of("input repeats", (call, x) => repeated(call, x, call.list("repeats") ?? [])),
  tile: of("input dims", (call, x) => repeated(call, x, call.list("dims") ?? [])),
  cat: {
    signature: "tensors dim",
    build: (call) => call.apply(concat, call.tensors("tensors"), { axis: call.number("dim", 0) }),
  },
  stack: {
    signature: "tensors dim",
    build(call) {
      const inputs = call.tensors("tensors");
      const { shape } = inputs[0]!.type;
      const dim = call.number("dim", 0);
      const axis = dim < 0 ? dim + shape.length + 1 : dim;
      return call.apply(
        concat,
        inputs.map((x) => call.reshape(x, shape.toSpliced(axis, 0, 1))),
        { axis },
      );
    },
  },
  index_select: of("input dim index", (call, x) => {
    const { shape } = x.type;
    const given = call.tensor("index");
    const index = call.reshape(given, [given.type.shape.reduce((a, b) => a * b, 1)]);
    if (shape.length > 0) return call.apply(gather, [x, index], { axis: call.number("dim") });
    // PyTorch lets a scalar have one axis.
    call.ignore("dim");
    return call.reshape(call.apply(gather, [call.reshape(x, [1]), index], { axis: 0 }), []);
  }),
  gather: of("input dim index", (call, x) => {
    call.ignore("sparse_grad");
    const index = call.tensor("index");
    // PyTorch lets a scalar have one axis.
    const line = (value: Value) => (value.type.shape.length > 0 ? value : call.reshape(value, [1]));
    const y = call.apply(gatherElements, [line(x), line(index)], { axis: call.number("dim") });
    return call.reshape(y, index.type.shape);
  }),
  tril: of("input diagonal", (call, x) => call.apply(tril, [x], { diagonal: call.number("diagonal", 0) })),
  triu: of("input diagonal", (call, x) => call.apply(triu, [x], { diagonal: call.number("diagonal", 0) })),
  select: of("input dim index", (call, x) => {
    const axis = axisOf(x.type.shape, call.number("dim"));
    return picked(call, x, axis, call.number("index"));
  }),
  narrow: of("input dim start length", (call, x) => {
    const given = call.get("start");
    const start = isTensor(given) ? call.elements("start")[0]! : call.number("start");
    const axis = axisOf(x.type.shape, call.number("dim"));
    const first = start < 0 ? start + x.type.shape[axis]! : start;
    return cut(call, x, axis, first, first + call.number("length"));
  }),
  slice: of("input dim start end step", (call, x) => {
    const start = call.number("start", 0);
    const end = call.number("end", Number.POSITIVE_INFINITY);
    return cut(call, x, call.number("dim", 0), start, end, call.number("step", 1));
  }),
  split: {
    signature: "input split_size_or_sections dim",
    build(call) {
      const x = call.tensor("input");
      const axis = axisOf(x.type.shape, call.number("dim", 0));
      const given = call.list("split_size_or_sections") ?? [];
      const isList = Array.isArray(call.get("split_size_or_sections"));
      return parts(call, x, axis, isList ? given : equalParts(x.type.shape[axis]!, given[0]!));
    },
  },
  chunk: {
    signature: "input chunks dim",
    build(call) {
      const x = call.tensor("input");
      const axis = axisOf(x.type.shape, call.number("dim", 0));
      const size = x.type.shape[axis]!;
      return parts(call, x, axis, equalParts(size, Math.ceil(size / call.number("chunks"))));
    },
  },
  unbind: {
    signature: "input dim",
    build(call) {
      const x = call.tensor("input");
      const axis = axisOf(x.type.shape, call.number("dim", 0));
      return Array.from({ length: x.type.shape[axis]! }, (_, i) => picked(call, x, axis, i));
    },
  },
  __getitem__: of("input index", (call, x) => {
    const given = call.get("index");
    if (isTensor(given)) return gathered(call, x, call.tensor("index"));
    return indexed(call, x, Array.isArray(given) ? given : [given]);
  }),
  constant_pad_nd: of("input pad value", (call, x) => padded(call, x, "constant")),
  ...Object.fromEntries(
    ["constant", "reflect", "replicate"].map((mode) => [
      `nn.functional.pad.${mode}`,
      of("input pad mode value", (call, x) => padded(call, x, call.text("mode", "constant"))),
    ]),
  ),
};

function of(signature: string, build: (call: Call, x: Value) => Value): Translation {
  return { signature, build: (call) => build(call, call.tensor("input")) };
}

function axisOf(shape: Shape, axis: number): number {
  return axis < 0 ? axis + Math.max(shape.length, 1) : axis;
}

function exchange(call: Call, x: Value, first: number, second: number): Value {
  const { shape } = x.type;
  const permutation = [...shape.keys()];
  // PyTorch lets a scalar have one axis.
  if (shape.length > 0) {
    const [a, b] = [axisOf(shape, first), axisOf(shape, second)];
    [permutation[a], permutation[b]] = [b, a];
  }
  return call.apply(transpose, [x], { permutation });
}

/** -1 keeps the size of an axis. */
function expanded(call: Call, x: Value, size: Shape): Value {
  const missing = size.length - x.type.shape.length;
  return call.apply(expand, [x], { shape: size.map((to, axis) => (to === -1 ? x.type.shape[axis - missing]! : to)) });
}

function repeated(call: Call, x: Value, given: readonly number[]): Value {
  const { shape } = x.type;
  const rank = Math.max(shape.length, given.length);
  const ones = (count: number) => Array.from({ length: count }, () => 1);
  const repeats = [...ones(rank - given.length), ...given];
  return call.apply(tile, [call.reshape(x, [...ones(rank - shape.length), ...shape])], { repeats });
}

function cut(call: Call, x: Value, axis: number, start: number, end: number, step = 1): Value {
  return call.apply(slice, [x], { axes: [axis], starts: [start], ends: [end], steps: [step] });
}

/** One index of an axis, which goes. */
function picked(call: Call, x: Value, axis: number, index: number): Value {
  const first = index < 0 ? index + x.type.shape[axis]! : index;
  const one = cut(call, x, axis, first, first + 1);
  return call.reshape(one, one.type.shape.toSpliced(axis, 1));
}

function equalParts(size: number, each: number): number[] {
  return Array.from({ length: Math.ceil(size / each) }, (_, i) => Math.min(each, size - i * each));
}

function parts(call: Call, x: Value, axis: number, sizes: readonly number[]): Value[] {
  let next = 0;
  return sizes.map((size) => {
    const start = next;
    next += size;
    return cut(call, x, axis, start, next);
  });
}

/** Integers, slices, None, an ellipsis, and one tensor or list of integers. */
function indexed(call: Call, x: Value, indices: readonly Argument[]): Value {
  let [y, axis] = [x, 0];
  const taken = indices.filter((index) => index !== null && !isEllipsis(index)).length;
  if (indices.filter((index) => Array.isArray(index) || isTensor(index)).length > 1) {
    throw new OutOfScope("several tensors as indices");
  }
  for (const index of indices) {
    if (index === null) y = call.reshape(y, y.type.shape.toSpliced(axis++, 0, 1));
    else if (typeof index === "number") y = picked(call, y, axis, index);
    else if (isEllipsis(index)) axis += x.type.shape.length - taken;
    else if (typeof index === "object" && "range" in index) {
      const [start, end, step] = index.range;
      y = cut(call, y, axis++, start ?? 0, end ?? Number.POSITIVE_INFINITY, step ?? 1);
    } else if (Array.isArray(index) && index.every((place) => typeof place === "number")) {
      const places = call.constant([index.length], Int32Array.from(index));
      y = call.apply(gather, [y, places], { axis: axis++ });
    } else throw new OutOfScope("a tensor or a boolean among several indices");
  }
  return call.reshape(y, y.type.shape);
}

function gathered(call: Call, x: Value, index: Value): Value {
  if (index.type.dtype !== "i32") throw new OutOfScope("a mask as an index");
  return call.apply(gather, [x, index], { axis: 0 });
}

function isEllipsis(index: Argument): boolean {
  return typeof index === "object" && index !== null && "ellipsis" in index;
}

/** PyTorch counts from the last axis on, and crops where a count is negative. */
function padded(call: Call, x: Value, mode: string): Value {
  if (mode !== "constant" && mode !== "reflect" && mode !== "replicate") throw new OutOfScope(`mode=${mode}`);
  const { shape } = x.type;
  const counts = call.list("pad") ?? [];
  const side = (axis: number, which: 0 | 1) => counts[2 * (shape.length - 1 - axis) + which] ?? 0;
  const [begin, end] = [shape.map((_, axis) => side(axis, 0)), shape.map((_, axis) => side(axis, 1))];
  const grown = (sizes: readonly number[]) => sizes.map((size) => Math.max(size, 0));
  const value = call.get("value") === null ? 0 : call.number("value");
  const y = call.apply(pad, [x], { begin: grown(begin), end: grown(end), mode, value });
  if ([...begin, ...end].every((size) => size >= 0)) return y;
  const starts = begin.map((size) => Math.max(-size, 0));
  return call.apply(slice, [y], { starts, ends: end.map((size, axis) => y.type.shape[axis]! - Math.max(-size, 0)) });
}
