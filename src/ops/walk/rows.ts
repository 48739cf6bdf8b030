// Kernels that fold rows: an invocation or a workgroup for each.
import { soloRows } from "../../../shaders/wgsl/fold.ts";
import { elementCount, type Shape } from "../../tensor.ts";
import type { DeviceTraits } from "../device-traits.ts";
import { spread } from "../grid.ts";
import { type Strided, walk } from "./strided.ts";

/** Invocations that share a long row. */
export const rowLanes = 128;

/**
 * Whether a workgroup per row beats an invocation per row. Software drivers fill their vectors with eight rows, and pay for
 * every barrier. On GPUs, neighbours should read neighbouring elements: those of a row where its terms are \`contiguous\`.
 * The latter is a guess until a GPU has been tuned.
 */
export function prefersWorkgroups(
  device: DeviceTraits,
  { rows, terms, contiguous }: { rows: number; terms: number; contiguous: boolean },
): boolean {
  if (device.kind === "software") return rows <= 4 && terms >= 4096;
  return contiguous ? terms >= 64 : terms >= 512 && rows <= 1024;
}

export function rowGrid(rows: number, lanes: number, device: DeviceTraits): [number, number, number] {
  return [...spread(lanes > 1 ? rows : Math.ceil(rows / soloRows), device), 1];
}

/** Where a row's terms lie, along \`sizes\`, in each array. Values for \`termSpec(rank, names)\`. */
export function termWalk<N extends string>(sizes: Shape, strides: Readonly<Record<N, readonly number[]>>) {
  const names = Object.keys(strides) as N[];
  const arrays = Object.fromEntries(names.map((name) => [name, { offset: 0, strides: strides[name] }]));
  const { template, values } = walk<string>(sizes, arrays, { vectors: false });
  const perAxis = Array.from({ length: template.rank }, (_, axis) => [
    [`term_size${axis}`, values[`size${axis}`]!] as const,
    ...names.map((name) => [`${name}_term${axis}`, values[`${name}_stride${axis}`]!] as const),
  ]);
  return { rank: template.rank, values: { terms: elementCount(sizes), ...Object.fromEntries(perAxis.flat()) } };
}

/** A walk over the axes of `sizes` that are `outer`, and one over the rest: the terms, of the arrays that are named. */
export function planFold(
  sizes: Shape,
  isOuter: (axis: number) => boolean,
  arrays: Readonly<Record<string, Strided>>,
  termsOf: readonly string[],
) {
  const pick = (values: readonly number[], wanted: boolean) => values.filter((_, axis) => isOuter(axis) === wanted);
  const outer = Object.entries(arrays).map(([name, { offset, strides }]) => {
    return [name, { offset, strides: pick(strides, true) }] as const;
  });
  const inner = termsOf.map((name) => [name, pick(arrays[name]!.strides, false)] as const);
  const plan = walk<string>(pick(sizes, true), Object.fromEntries(outer), { vectors: false });
  const terms = termWalk(pick(sizes, false), Object.fromEntries(inner));
  return {
    template: { ...plan.template, termRank: terms.rank },
    count: plan.count,
    values: { ...plan.values, ...terms.values },
  };
}
