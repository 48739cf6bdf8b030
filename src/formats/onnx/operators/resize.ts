// Resize and Upsample. The many ways of ONNX to say where a pixel comes from are compared, pixel by pixel, with those of
// `resize2d` and `resize3d`: where one of them reads the same places, it is exact. All others are gathered, or a product with
// a matrix of shares, axis by axis.
// Source: https://onnx.ai/onnx/operators/onnx__Resize.html

import type { Value } from "../../../graph/ir/graph.ts";
import { matmul } from "../../../ops/matrix/matmul.ts";
import { gather } from "../../../ops/move/gather.ts";
import { reshape } from "../../../ops/move/reshape.ts";
import { type Resize2dGiven, type Resize3dGiven, resize2d, resize3d } from "../../../ops/sample/resize.ts";
import { elementCount, formatShape, type Shape } from "../../../tensor.ts";
import { hostTensor } from "../host-tensor.ts";
import type { NodeContext } from "../node-context.ts";
import type { Operand } from "../operand.ts";
import { ensure } from "../unsupported.ts";
import { resolveAxis } from "./axes.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";
import { type AxisResize, type Interpolation, places, sameAsOwn, shares } from "./resize-places.ts";
import { imageForm, step, volumeForm } from "./window.ts";

const resize: OnnxOperator = {
  since: 10,
  build(node) {
    node.ignore("extrapolation_value");
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
      cubic: { a: node.float("cubic_coeff_a", -0.75), excludesOutside: node.int("exclude_outside", 0) !== 0 },
    });
  },
};

const asymmetric = {
  coordinates: "asymmetric",
  nearest: "floor",
  cubic: { a: -0.75, excludesOutside: false },
} as const;

/** Operator sets 7 to 9. */
const upsample: OnnxOperator = {
  since: 7,
  build(node) {
    const { shape } = node.operand(0);
    const axes = shape.map((_, axis) => axis);
    const scales = node.floats("scales", undefined) ?? numbers(node, 1, "scales");
    ensure(scales !== undefined, "scales are missing");
    const given = fromScales(shape, axes, scales);
    return resizeBy(node, given, { ...asymmetric, mode: readMode(node) });
  },
};

export const resizing: OperatorTable = { Resize: resize, Upsample: upsample };

function readMode(node: NodeContext): Interpolation["mode"] {
  const mode = node.string("mode", "nearest");
  if (mode === "nearest" || mode === "cubic") return mode;
  ensure(mode === "linear" || mode === "bilinear", `mode ${mode} is not computed`);
  return "linear";
}

/** The numbers of an input; undefined where it is left out or empty. */
function numbers(node: NodeContext, input: number, name: string): readonly number[] | undefined {
  if (node.inputs[input] === undefined || node.operand(input).shape.includes(0)) return undefined;
  return Array.from(node.known(input, name).data);
}

/** Products are rounded to f32 before they are rounded down, as engines do it: 10 pixels by the f32 nearest to 0.7 are 7. */
function fromScales(shape: Shape, axes: readonly number[], scales: readonly number[]): AxisResize[] {
  const positive = scales.every((scale) => scale > 0 && Number.isFinite(scale));
  ensure(scales.length === axes.length && positive, `scales are ${scales.join(", ")}, expected ${axes.length} numbers`);
  return shape.map((from, axis) => {
    const scale = scales[axes.indexOf(axis)] ?? 1;
    return scaled(from, scale, Math.floor(Math.fround(from * scale)));
  });
}

/** With an aspect ratio to keep, all axes get the scale of the one that is scaled least, or most; pixels follow that scale. */
function fromSizes(shape: Shape, axes: readonly number[], sizes: readonly number[], policy: string): AxisResize[] {
  const isValid = sizes.length === axes.length && sizes.every((size) => Number.isSafeInteger(size) && size >= 1);
  ensure(isValid, `sizes are ${sizes.join(", ")}, expected ${axes.length} sizes`);
  ensure(["stretch", "not_larger", "not_smaller"].includes(policy), `keep_aspect_ratio_policy is ${policy}`);
  if (policy === "stretch") return shape.map((from, axis) => ({ from, to: sizes[axes.indexOf(axis)] ?? from }));
  const ratios = axes.map((axis, i) => sizes[i]! / shape[axis]!);
  const scale = policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios);
  return shape.map((from, axis) =>
    axes.includes(axis) ? scaled(from, scale, Math.round(from * scale)) : { from, to: from },
  );
}

/** A scale of 1 leaves an axis as it is. */
function scaled(from: number, scale: number, to: number): AxisResize {
  return scale === 1 ? { from, to: from } : { from, to, scale };
}

function resizeBy(node: NodeContext, given: readonly AxisResize[], method: Interpolation): Operand {
  const changed = given.flatMap(({ from, to, scale }, axis) => (from === to && scale === undefined ? [] : [axis]));
  const target = given.map(({ to }) => to);
  ensure(
    target.every((size) => size >= 1),
    `nothing is left, got ${formatShape(target)}`,
  );
  // Where all sizes stay, PyTorch and ONNX Runtime copy, whatever the scales are.
  if (given.every(({ from, to }) => from === to)) return node.operand(0);
  const rank = given.length;
  // Each pixel of an axis is looked at.
  node.reserve(changed.reduce((sum, axis) => sum + given[axis]!.to, 0));
  const first = Math.min(changed[0]!, Math.max(rank - 2, 0));
  const inner = rank === 1 ? [{ from: 1, to: 1 }, ...given] : given.slice(first);
  const own =
    method.mode === "cubic" || inner.length > 3 ? undefined : matching(inner, { ...method, mode: method.mode });
  if (!own) return node.result(axisByAxis(node, changed, given, method));
  const x = node.value(0);
  const isWhole = rank === inner.length + 2;
  const planes = elementCount(given.slice(0, -inner.length).map(({ from }) => from));
  const sizes = inner.map(({ from }) => from);
  const image = isWhole ? x : node.apply(reshape, [x], { shape: [1, planes, ...sizes] }, { part: "planes" });
  const options = step(isWhole ? undefined : "resized");
  const y =
    "image" in own
      ? node.apply(resize2d, [image], own.image, options)
      : node.apply(resize3d, [image], own.volume, options);
  return node.result(isWhole ? y : node.apply(reshape, [y], { shape: target }));
}

type OwnResize = { readonly image: Resize2dGiven } | { readonly volume: Resize3dGiven };

/** The way of `resize2d` or `resize3d` that reads the same pixels along all axes; undefined where there is none. */
function matching(
  axes: readonly AxisResize[],
  method: Interpolation & { readonly mode: "nearest" | "linear" },
): OwnResize | undefined {
  const wanted = axes.map((axis) => places(axis, method));
  for (const coordinates of ["half-pixel", "asymmetric", "align-corners"] as const) {
    for (const byScale of [false, true]) {
      const scales = axes.map(({ scale }) => (byScale ? (scale ?? 1) : undefined));
      const fits = axes.every(({ from, to }, i) =>
        sameAsOwn({ from, to, mode: method.mode, coordinates, scale: scales[i] }, wanted[i]!),
      );
      if (!fits) continue;
      const numbers = axes.map(({ to }, i) => scales[i] ?? to);
      const isNearest = method.mode === "nearest";
      const by = <T>(size: T) => (byScale ? { scale: size } : { size });
      if (axes.length === 3) {
        const size = volumeForm.size(numbers, 1);
        return { volume: { mode: isNearest ? "nearest" : "trilinear", coordinates, ...by(size) } };
      }
      return { image: { mode: isNearest ? "nearest" : "bilinear", coordinates, ...by(imageForm.size(numbers, 1)) } };
    }
  }
  return undefined;
}

/** Each axis by itself: nearest pixels by their indices, others as a product with their shares. */
function axisByAxis(
  node: NodeContext,
  changed: readonly number[],
  given: readonly AxisResize[],
  method: Interpolation,
): Value {
  return changed.reduce((x, axis, i) => {
    const options = step(i === changed.length - 1 ? undefined : `axis${axis}`);
    const { from, to } = given[axis]!;
    if (method.mode === "nearest") {
      const index = node.constant(`index${axis}`, hostTensor("i32", [to], places(given[axis]!, method)));
      return node.apply(gather, [x, index], { axis }, options);
    }
    node.reserve(to * from);
    const matrix = node.constant(`shares${axis}`, hostTensor("f32", [to, from], shares(given[axis]!, method)));
    const { shape } = x.type;
    const [before, behind] = [shape.slice(0, axis), shape.slice(axis + 1)];
    const blocks = { shape: [elementCount(before), from, elementCount(behind)] };
    const columns = node.apply(reshape, [x], blocks, { part: `columns${axis}` });
    const product = node.apply(matmul, [matrix, columns], {}, { part: `product${axis}` });
    return node.apply(reshape, [product], { shape: [...before, to, ...behind] }, options);
  }, node.value(0));
}
