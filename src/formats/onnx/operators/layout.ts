// Other shapes and orders for the same elements.

import type { Value } from "../../../graph/ir/graph.ts";
import { reshape } from "../../../ops/move/reshape.ts";
import { pad, slice } from "../../../ops/move/slice-pad.ts";
import { transpose } from "../../../ops/move/transpose.ts";
import { elementCount, formatShape, type Shape } from "../../../tensor.ts";
import { gatherStrided, stridesOf } from "../host-tensor.ts";
import type { NodeContext } from "../node-context.ts";
import type { Operand } from "../operand.ts";
import { ensure } from "../unsupported.ts";
import { intsFrom, resolveAxes, resolveAxis } from "./axes.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";

/** Input 0 in another shape. */
export function reshaped(node: NodeContext, shape: Shape): Operand {
  const operand = node.operand(0);
  const count = elementCount(operand.shape);
  ensure(elementCount(shape) === count, `got shape ${formatShape(shape)}, expected ${count} elements`);
  if (formatShape(shape) === formatShape(operand.shape)) return operand;
  const tensor = node.optionalTensor(0);
  if (tensor) return node.fold(shape, () => ({ ...tensor, shape }));
  return node.result(node.apply(reshape, [node.anyValue(0)], { shape }));
}

const reshapeTo: OnnxOperator = {
  build(node) {
    node.ignore("consumed_inputs");
    const { shape: from } = node.operand(0);
    const given = intsFrom(node, "shape", { input: 1, inputSince: 5 });
    ensure(given !== undefined, "shape is missing");
    const keepsZero = node.int("allowzero", 0) !== 0;
    const sizes = given.map((size, axis) => (size === 0 && !keepsZero ? (from[axis] ?? 0) : size));
    const rest = elementCount(sizes.filter((size) => size !== -1));
    const shape = sizes.map((size) => (size === -1 ? elementCount(from) / rest : size));
    const isValid =
      sizes.filter((size) => size === -1).length <= 1 && shape.every((size) => Number.isSafeInteger(size));
    ensure(isValid && shape.every((size) => size >= 0), `shape is ${formatShape(given)} for ${formatShape(from)}`);
    return reshaped(node, shape);
  },
};

const flatten: OnnxOperator = {
  build(node) {
    const { shape } = node.operand(0);
    const axis = node.int("axis", 1);
    const at = axis === shape.length ? axis : resolveAxis(axis, shape.length);
    return reshaped(node, [elementCount(shape.slice(0, at)), elementCount(shape.slice(at))]);
  },
};

const squeeze: OnnxOperator = {
  build(node) {
    const { shape } = node.operand(0);
    const given = intsFrom(node, "axes", { input: 1, inputSince: 13 });
    const axes = given ? resolveAxes(given, shape.length) : shape.flatMap((size, axis) => (size === 1 ? [axis] : []));
    ensure(
      axes.every((axis) => shape[axis] === 1),
      `axes are ${axes.join(", ")}, expected sizes of 1 in ${formatShape(shape)}`,
    );
    return reshaped(
      node,
      shape.filter((_, axis) => !axes.includes(axis)),
    );
  },
};

const unsqueeze: OnnxOperator = {
  build(node) {
    const { shape } = node.operand(0);
    const given = intsFrom(node, "axes", { input: 1, inputSince: 13 });
    ensure(given !== undefined, "axes are missing");
    const axes = resolveAxes(given, shape.length + given.length);
    const sizes = [...shape];
    for (const axis of axes) sizes.splice(axis, 0, 1);
    return reshaped(node, sizes);
  },
};

/** Input 0 with its axes in another order. */
const transposeTo: OnnxOperator = {
  build(node) {
    const { shape } = node.operand(0);
    const reversed = shape.map((_, axis) => shape.length - 1 - axis);
    const permutation = node.ints("perm", reversed);
    const isPermutation = [...permutation].sort((a, b) => a - b).every((axis, i) => axis === i);
    ensure(isPermutation && permutation.length === shape.length, `perm is ${permutation.join(", ")}`);
    const tensor = node.optionalTensor(0);
    if (tensor) {
      const strides = stridesOf(shape);
      const target = permutation.map((axis) => shape[axis]!);
      const from = { offset: 0, strides: permutation.map((axis) => strides[axis]!) };
      return node.fold(target, () => gatherStrided(tensor, target, from));
    }
    return node.result(node.apply(transpose, [node.anyValue(0)], { permutation }));
  },
};

/** [N, C, H, W] to blocks or back: a reshape, a transpose, a reshape. */
const depthToSpace: OnnxOperator = {
  build(node) {
    const { shape } = node.operand(0);
    ensure(shape.length === 4, `x has shape ${formatShape(shape)}, expected [N, C, H, W]`);
    const [items, channels, height, width] = shape as readonly [number, number, number, number];
    const block = node.int("blocksize", 0);
    const mode = node.string("mode", "DCR");
    ensure(block >= 1 && channels % (block * block) === 0, `blocksize is ${block} for ${channels} channels`);
    ensure(mode === "DCR" || mode === "CRD", `mode is ${mode}, expected DCR or CRD`);
    const left = channels / (block * block);
    const [parts, permutation] =
      mode === "DCR"
        ? [
            [items, block, block, left, height, width],
            [0, 3, 4, 1, 5, 2],
          ]
        : [
            [items, left, block, block, height, width],
            [0, 1, 4, 2, 5, 3],
          ];
    return blocks(node, { parts, permutation, shape: [items, left, height * block, width * block] });
  },
};

const spaceToDepth: OnnxOperator = {
  build(node) {
    const { shape } = node.operand(0);
    ensure(shape.length === 4, `x has shape ${formatShape(shape)}, expected [N, C, H, W]`);
    const [items, channels, height, width] = shape as readonly [number, number, number, number];
    const block = node.int("blocksize", 0);
    ensure(
      block >= 1 && height % block === 0 && width % block === 0,
      `blocksize is ${block} for ${formatShape(shape)}`,
    );
    const [rows, columns] = [height / block, width / block];
    const mode = node.string("mode", "DCR");
    ensure(mode === "DCR" || mode === "CRD", `mode is ${mode}, expected DCR or CRD`);
    return blocks(node, {
      parts: [items, channels, rows, block, columns, block],
      permutation: mode === "DCR" ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4],
      shape: [items, channels * block * block, rows, columns],
    });
  },
};

function blocks(
  node: NodeContext,
  given: { readonly parts: Shape; readonly permutation: readonly number[]; readonly shape: Shape },
): Operand {
  const parts = node.apply(reshape, [node.anyValue(0)], { shape: given.parts }, { part: "blocks" });
  const moved = node.apply(transpose, [parts], { permutation: given.permutation }, { part: "moved" });
  return node.result(node.apply(reshape, [moved], { shape: given.shape }));
}

const modes = { constant: "constant", reflect: "reflect", edge: "replicate" } as const;

const isAbove = (size: number) => size > 0;
const isBelow = (size: number) => size < 0;

/** Pads below 0 cut off. */
function crop(node: NodeContext, begin: readonly number[], end: readonly number[], part: string | undefined): Value {
  const { shape } = node.operand(0);
  const starts = begin.map((size) => Math.max(-size, 0));
  const ends = shape.map((size, axis) => size + Math.min(end[axis]!, 0));
  ensure(
    ends.every((at, axis) => at > starts[axis]!),
    "its pads leave nothing",
  );
  return node.apply(slice, [node.anyValue(0)], { starts, ends }, part === undefined ? {} : { part });
}

const padTo: OnnxOperator = {
  build(node) {
    const { shape, type } = node.operand(0);
    const mode = node.string("mode", "constant");
    ensure(mode === "constant" || mode === "reflect" || mode === "edge", `mode ${mode} is not computed`);
    const pads =
      node.opset < 2 ? node.ints("paddings", undefined) : intsFrom(node, "pads", { input: 1, inputSince: 11 });
    const value = node.opset < 11 ? node.float("value", 0) : (node.optionalKnown(2, "constant_value")?.data[0] ?? 0);
    const axes = node.optionalKnown(3, "axes");
    const padded = axes
      ? Array.from(axes.data, (axis) => resolveAxis(axis, shape.length))
      : shape.map((_, axis) => axis);
    ensure(pads?.length === 2 * padded.length, `pads is ${pads?.join(", ")}, expected ${2 * padded.length} numbers`);
    const along = (axis: number, offset: number) => (padded.includes(axis) ? pads[padded.indexOf(axis) + offset]! : 0);
    const begin = shape.map((_, axis) => along(axis, 0));
    const end = shape.map((_, axis) => along(axis, padded.length));
    const [added, cropped] = [isAbove, isBelow].map((test) => [...begin, ...end].some(test));
    if (!added && !cropped) return node.operand(0);
    ensure(!cropped || mode === "constant", `mode ${mode} with pads below 0 is not computed`);
    const x = cropped ? crop(node, begin, end, added ? "crop" : undefined) : node.anyValue(0);
    if (!added) return node.result(x);
    const only = (sizes: readonly number[]) => sizes.map((size) => Math.max(size, 0));
    const given = { begin: only(begin), end: only(end), mode: modes[mode], value };
    return node.result(node.apply(pad, [x], given), type);
  },
};

export const layout: OperatorTable = {
  Reshape: reshapeTo,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transposeTo,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Pad: padTo,
};
