// Resize and Upsample. The many ways of ONNX to say where a pixel comes from are compared, pixel by pixel, with those of
// `resize2d`: where one of them reads the same places, it is exact.
// Source: https://onnx.ai/onnx/operators/onnx__Resize.html

import { reshape } from "../../../ops/reshape.ts";
import { type Resize2dGiven, resize2d } from "../../../ops/resize.ts";
import { elementCount, formatShape, type Shape } from "../../../tensor.ts";
import type { NodeContext } from "../node-context.ts";
import type { Operand } from "../operand.ts";
import { ensure } from "../unsupported.ts";
import { resolveAxis } from "./axes.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";
import { type AxisResize, places, sameAsResize2d } from "./resize-places.ts";

const resize: OnnxOperator = {
  since: 10,
  build(node) {
    node.ignore("cubic_coeff_a", "exclude_outside", "extrapolation_value");
    const { shape } = node.operand(0);
    const old = node.opset < 11;
    const mode = readMode(node);
    const axes = node.ints("axes", undefined)?.map((axis) => resolveAxis(axis, shape.length)) ?? shape.map((_, a) => a);
    const scales = numbers(node, old ? 1 : 2, "scales");
    const sizes = old ? undefined : numbers(node, 3, "sizes");
    const policy = node.string("keep_aspect_ratio_policy", "stretch");
    ensure((scales === undefined) !== (sizes === undefined), "got scales and sizes, expected one of them");
    const given = sizes ? fromSizes(shape, axes, sizes, policy) : fromScales(shape, axes, scales ?? []);
    const isSmaller = given.some(({ from, to }) => to < from);
    const antialias = node.int("antialias", 0) !== 0;
    ensure(!antialias || !isSmaller, "antialias is not computed where sizes get smaller");
    return resizeBy(node, given, {
      mode,
      coordinates: node.string("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel"),
      nearest: node.string("nearest_mode", old ? "floor" : "round_prefer_floor"),
    });
  },
};

/** Operator sets 7 to 9. */
const upsample: OnnxOperator = {
  since: 7,
  build(node) {
    const { shape } = node.operand(0);
    const axes = shape.map((_, axis) => axis);
    const scales = node.floats("scales", undefined) ?? numbers(node, 1, "scales");
    ensure(scales !== undefined, "scales are missing");
    const given = fromScales(shape, axes, scales);
    return resizeBy(node, given, { mode: readMode(node), coordinates: "asymmetric", nearest: "floor" });
  },
};

export const resizing: OperatorTable = { Resize: resize, Upsample: upsample };

interface Method {
  readonly mode: "nearest" | "bilinear";
  readonly coordinates: string;
  readonly nearest: string;
}

function readMode(node: NodeContext): Method["mode"] {
  const mode = node.string("mode", "nearest");
  ensure(mode === "nearest" || mode === "linear" || mode === "bilinear", `mode ${mode} is not computed`);
  return mode === "nearest" ? "nearest" : "bilinear";
}

/** The numbers of an input; undefined where it is left out or empty. */
function numbers(node: NodeContext, input: number, name: string): readonly number[] | undefined {
  if (node.inputs[input] === undefined || node.operand(input).shape.includes(0)) return undefined;
  return Array.from(node.known(input, name).data);
}

function fromScales(shape: Shape, axes: readonly number[], scales: readonly number[]): AxisResize[] {
  const positive = scales.every((scale) => scale > 0 && Number.isFinite(scale));
  ensure(scales.length === axes.length && positive, `scales are ${scales.join(", ")}, expected ${axes.length} numbers`);
  return shape.map((from, axis) => {
    const scale = scales[axes.indexOf(axis)];
    return scale === undefined || scale === 1 ? { from, to: from } : { from, to: Math.floor(from * scale), scale };
  });
}

/** With an aspect ratio to keep, all axes get the scale of the one that is scaled least, or most. */
function fromSizes(shape: Shape, axes: readonly number[], sizes: readonly number[], policy: string): AxisResize[] {
  const isValid = sizes.length === axes.length && sizes.every((size) => Number.isSafeInteger(size) && size >= 1);
  ensure(isValid, `sizes are ${sizes.join(", ")}, expected ${axes.length} sizes`);
  ensure(["stretch", "not_larger", "not_smaller"].includes(policy), `keep_aspect_ratio_policy is ${policy}`);
  if (policy === "stretch") return shape.map((from, axis) => ({ from, to: sizes[axes.indexOf(axis)] ?? from }));
  const ratios = axes.map((axis, i) => sizes[i]! / shape[axis]!);
  const scale = policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios);
  return shape.map((from, axis) => ({ from, to: axes.includes(axis) ? Math.round(from * scale) : from }));
}

/** Two neighbouring axes, or one, may change; all before them are planes. */
function resizeBy(node: NodeContext, given: readonly AxisResize[], method: Method): Operand {
  const changed = given.flatMap(({ from, to, scale }, axis) => (from === to && scale === undefined ? [] : [axis]));
  const target = given.map(({ to }) => to);
  ensure(
    target.every((size) => size >= 1),
    `nothing is left, got ${formatShape(target)}`,
  );
  if (changed.length === 0) return node.operand(0);
  const rank = given.length;
  // The last changed axis is the width; a change of one alone is one of its row.
  const [first, last] = [changed[0]!, changed.at(-1)!];
  ensure(
    (last - first <= 1 && last === rank - 1) || (first === last && rank - last <= 2),
    `axes ${changed.join(", ")} change, expected the last two`,
  );
  const x = node.value(0);
  const [row, column] = [given[rank - 2] ?? { from: 1, to: 1 }, given[rank - 1]!];
  // Each pixel of an axis is looked at.
  node.reserve(row.to + column.to);
  const options = matching(row, column, method);
  const isImage = rank === 4;
  const planes = [1, elementCount(given.slice(0, -2).map(({ from }) => from)), row.from, column.from];
  const image = isImage ? x : node.apply(reshape, [x], { shape: planes }, { part: "planes" });
  const y = node.apply(resize2d, [image], options, isImage ? {} : { part: "resized" });
  return node.result(isImage ? y : node.apply(reshape, [y], { shape: target }));
}

/** The way of `resize2d` that reads the same pixels along both axes. */
function matching(row: AxisResize, column: AxisResize, method: Method): Resize2dGiven {
  const wanted = [row, column].map((axis) => places(axis, method));
  for (const coordinates of ["half-pixel", "asymmetric", "align-corners"] as const) {
    for (const byScale of [false, true]) {
      const scales = [row, column].map(({ scale }) => (byScale ? (scale ?? 1) : undefined));
      const fits = [row, column].every(({ from, to }, i) =>
        sameAsResize2d({ from, to, mode: method.mode, coordinates, scale: scales[i] }, wanted[i]!),
      );
      if (!fits) continue;
      const { mode } = method;
      if (byScale) return { mode, coordinates, scale: [scales[0]!, scales[1]!] };
      return { mode, coordinates, size: [row.to, column.to] };
    }
  }
  const what = `coordinate_transformation_mode ${method.coordinates}, nearest_mode ${method.nearest}`;
  ensure(false, `${what} from ${row.from}x${column.from} to ${row.to}x${column.to} is not computed`);
}
