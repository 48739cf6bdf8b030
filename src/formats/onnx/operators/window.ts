// Attributes that convolutions and pools share: kernels, strides, pads, in one to three spatial axes. One axis is computed as
// two, the first of size 1, which is exact.

import type { Value } from "../../../graph/ir/graph.ts";
import { reshape } from "../../../ops/move/reshape.ts";
import type { ImageTypes, Pair, Sides, Sides3d, SpaceTypes, Triple, VolumeTypes } from "../../../ops/walk/window.ts";
import { formatShape, type Shape } from "../../../tensor.ts";
import type { NodeContext } from "../node-context.ts";
import { ensure } from "../unsupported.ts";

/** Per spatial axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export type AutoPad = "NOTSET" | "SAME_UPPER" | "SAME_LOWER" | "VALID";

/** How many spatial axes x has: one to three. */
export function spatialRank(x: Shape): number {
  const rank = x.length - 2;
  ensure(rank >= 1 && rank <= 3, `x has shape ${formatShape(x)}, expected [N, C, W], [N, C, H, W] or [N, C, D, H, W]`);
  return rank;
}

/** Strides, dilations and pads for inputs of one size. `kernel` is that of the weight, where there is one. */
export function readWindow(node: NodeContext, x: Shape, kernel: readonly number[] | undefined): Window {
  const rank = spatialRank(x);
  const given = node.ints("kernel_shape", kernel);
  ensure(given !== undefined, "kernel_shape is missing");
  const isSame = kernel === undefined || kernel.every((size, axis) => size === given[axis]);
  ensure(isSame, `kernel_shape is ${formatShape(given)}, expected ${formatShape(kernel ?? [])} as in the weight`);
  const ones = Array.from({ length: rank }, () => 1);
  const stride = perAxis("strides", node.ints("strides", ones), rank);
  const dilation = perAxis("dilations", node.ints("dilations", ones), rank);
  const window = { kernel: perAxis("kernel_shape", given, rank), stride, dilation };
  return { ...window, ...readPads(node, x.slice(2), window) };
}

function readPads(
  node: NodeContext,
  size: Shape,
  { kernel, stride, dilation }: Pick<Window, "kernel" | "stride" | "dilation">,
): { before: readonly number[]; after: readonly number[] } {
  const rank = size.length;
  const auto = autoPad(node);
  const pads = node.ints("pads", undefined);
  if (auto === "NOTSET") {
    const all = pads ?? Array.from({ length: 2 * rank }, () => 0);
    ensure(all.length === 2 * rank, `pads is ${formatShape(all)}, expected ${2 * rank} numbers`);
    return { before: all.slice(0, rank), after: all.slice(rank) };
  }
  ensure(pads?.every((size) => size === 0) ?? true, `got auto_pad ${auto} and pads, expected one of them`);
  if (auto === "VALID") return { before: size.map(() => 0), after: size.map(() => 0) };
  // As many windows as strides fit, the last ones beyond the end.
  const total = size.map((pixels, axis) => {
    const extent = dilation[axis]! * (kernel[axis]! - 1) + 1;
    return Math.max((Math.ceil(pixels / stride[axis]!) - 1) * stride[axis]! + extent - pixels, 0);
  });
  return split(total, auto);
}

/** The odd pixel goes behind in `SAME_UPPER`, before in `SAME_LOWER`. */
export function split(
  total: readonly number[],
  auto: AutoPad,
): { before: readonly number[]; after: readonly number[] } {
  const smaller = total.map((sum) => Math.floor(sum / 2));
  const larger = total.map((sum, axis) => sum - smaller[axis]!);
  return auto === "SAME_LOWER" ? { before: larger, after: smaller } : { before: smaller, after: larger };
}

export function autoPad(node: NodeContext): AutoPad {
  const auto = node.string("auto_pad", "NOTSET");
  if (auto === "" || auto === "NOTSET") return "NOTSET";
  ensure(auto === "SAME_UPPER" || auto === "SAME_LOWER" || auto === "VALID", `auto_pad is ${auto}`);
  return auto;
}

/** Numbers of at least 1, one per spatial axis. */
function perAxis(name: string, values: readonly number[], rank: number): readonly number[] {
  const fits = values.length === rank && values.every((value) => Number.isSafeInteger(value) && value >= 1);
  ensure(fits, `${name} is ${formatShape(values)}, expected ${rank} numbers of at least 1`);
  return values;
}

/** [height, width] of values per axis; one axis is the width. */
function pairOf(values: readonly number[], height: number): Pair {
  return values.length === 1 ? [height, values[0]!] : [values[0]!, values[1]!];
}

/** [top, left, bottom, right]. */
function sidesOf({ before, after }: Pick<Window, "before" | "after">): Sides {
  const [top, left] = pairOf(before, 0);
  const [bottom, right] = pairOf(after, 0);
  return [top, left, bottom, right];
}

/** How the operators on images, or those on volumes, want numbers per axis. */
export interface Form<T extends SpaceTypes> {
  /** `height` is that of a single axis. */
  size(values: readonly number[], height: number): T["size"];
  sides(pads: Pick<Window, "before" | "after">): T["sides"];
}

export const imageForm: Form<ImageTypes> = { size: pairOf, sides: sidesOf };

export const volumeForm: Form<VolumeTypes> = {
  size: ([depth, height, width]): Triple => [depth!, height!, width!],
  sides: ({ before, after }): Sides3d => [before[0]!, before[1]!, before[2]!, after[0]!, after[1]!, after[2]!],
};

/** What all pools are given. */
export function poolSizes<T extends SpaceTypes>(form: Form<T>, window: Window) {
  return { kernel: form.size(window.kernel, 1), stride: form.size(window.stride, 1), padding: form.sides(window) };
}

/** [N, C, W] as [N, C, 1, W]; [N, C, H, W] as it is. */
export function asPlanes(node: NodeContext, value: Value, part: string): Value {
  const { shape } = value.type;
  if (shape.length !== 3) return value;
  return node.apply(reshape, [value], { shape: [shape[0]!, shape[1]!, 1, shape[2]!] }, { part });
}

/**
 * Appends what works on [N, C, H, W] to x, which may be [N, C, W]. `compute` names its last step with `part`, which is
 * undefined where that step is the node.
 */
export function inPlanes(
  node: NodeContext,
  x: Value,
  compute: (planes: Value, part: string | undefined) => Value,
): Value {
  if (x.type.shape.length === 4) return compute(x, undefined);
  const y = compute(asPlanes(node, x, "planes"), "row");
  const [items, channels, , width] = y.type.shape as readonly [number, number, number, number];
  return node.apply(reshape, [y], { shape: [items, channels, width] });
}

/** Options of `apply` for a step that may be the node itself. */
export function step(part: string | undefined): { readonly part?: string } {
  return part === undefined ? {} : { part };
}
