// Walks over arrays that share an index space but not their strides: elementwise operators, broadcasts and copies.
import { type StridedTemplate, stridedSpec, stridedWorkgroup, type Width } from "../../../shaders/wgsl/strided.ts";
import { elementCount, type Shape } from "../../tensor.ts";
import type { DeviceTraits } from "../device-traits.ts";
import { spread } from "../grid.ts";
import type { Operand } from "../operator.ts";
import { type Params, params } from "../parameters.ts";

/** An array in a walk: element (i0, i1, ...) is at `offset + i0 * strides[0] + i1 * strides[1] + ...`. */
export interface Strided {
  readonly offset: number;
  readonly strides: readonly number[];
}

/** What a strided kernel needs of a walk. */
export interface Walk<N extends string> {
  readonly template: StridedTemplate<N>;
  /** Invocations, each of `template.width` elements. */
  readonly count: number;
  /** Values for `stridedSpec(template)`. */
  readonly values: Readonly<Record<string, number>>;
}

/** Distances between neighbours along each axis of a row-major array. */
export function rowMajorStrides(shape: Shape): number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

/** An operand along its own axes. */
export function strided({ shape, view }: Operand): Strided {
  const [, ...inner] = rowMajorStrides(shape);
  return { offset: view.offset, strides: shape.length === 0 ? [] : [view.batchStride, ...inner] };
}

/** An operand along the axes of a shape that it broadcasts to. */
export function broadcast(operand: Operand, shape: Shape): Strided {
  const { offset, strides } = strided(operand);
  const missing = shape.length - operand.shape.length;
  return {
    offset,
    strides: shape.map((_, axis) =>
      axis < missing || operand.shape[axis - missing] === 1 ? 0 : strides[axis - missing]!,
    ),
  };
}

interface WalkOptions {
  /** Whether axes that are contiguous in every array become one, as those of whole tensors do. Default true. */
  readonly join?: boolean;
  /** Whether an invocation takes four elements where all arrays allow it. Default true. */
  readonly vectors?: boolean;
}

/** Plans a walk over `sizes`; at least one axis is left. */
export function walk<N extends string>(
  sizes: Shape,
  arrays: Readonly<Record<N, Strided>>,
  { join = true, vectors = true }: WalkOptions = {},
): Walk<N> {
  const names = Object.keys(arrays) as N[];
  const own = sizes.map((size, axis) => ({ size, strides: names.map((name) => arrays[name].strides[axis]!) }));
  const found = join ? joinAxes(own) : own;
  const axes = found.length > 0 ? found : [{ size: 1, strides: names.map(() => 1) }];
  const last = axes.at(-1)!;
  const isVector = vectors && last.size % 4 === 0 && names.every((name, k) => takesVectors(k, arrays[name].offset));
  const width: Width = isVector ? 4 : 1;
  const widths = names.map((_, k): Width => (last.strides[k] === 0 ? 1 : width));

  const values: Record<string, number> = { count: axes.reduce((count, { size }) => count * size, 1) / width };
  axes.forEach(({ size, strides }, axis) => {
    values[`size${axis}`] = axis === axes.length - 1 ? size / width : size;
    names.forEach((name, k) => {
      values[`${name}_stride${axis}`] = axis === axes.length - 1 ? strides[k]! : strides[k]! / widths[k]!;
    });
  });
  names.forEach((name, k) => {
    values[`${name}_offset`] = arrays[name].offset / widths[k]!;
  });
  const byName = Object.fromEntries(names.map((name, k) => [name, widths[k]])) as Record<N, Width>;
  return { template: { rank: axes.length, width, arrays: byName }, count: values.count!, values };

  function takesVectors(k: number, offset: number): boolean {
    if (last.strides[k] === 0) return true;
    return last.strides[k] === 1 && [offset, ...axes.slice(0, -1).map(({ strides }) => strides[k]!)].every(isQuad);
  }
}

function isQuad(elements: number): boolean {
  return elements % 4 === 0;
}

interface Axis {
  readonly size: number;
  readonly strides: readonly number[];
}

/** The fewest axes that visit the same elements in the same order. */
function joinAxes(axes: readonly Axis[]): readonly Axis[] {
  const joined: Axis[] = [];
  for (const { size, strides } of axes) {
    if (size === 1) continue;
    const outer = joined.at(-1);
    if (outer?.strides.every((stride, k) => stride === size * strides[k]!)) {
      joined[joined.length - 1] = { size: outer.size * size, strides };
    } else {
      joined.push({ size, strides });
    }
  }
  return joined;
}

export function walkParams(plan: Walk<string>): Params {
  return params(stridedSpec(plan.template), plan.values);
}

/** A grid of strided kernels' workgroups: rows of the longest length the device takes, as many as needed. */
export function flatGrid(invocations: number, device: DeviceTraits): [number, number, number] {
  return [...spread(Math.ceil(invocations / stridedWorkgroup), device), 1];
}
