// Which elements of x are normalized together.
import { elementCount, type Shape } from "../../tensor.ts";
import type { Operand } from "../operator.ts";
import { resolveAxis } from "../walk/axes.ts";
import { rowMajorStrides, type Strided, strided } from "../walk/strided.ts";

/** All axes from one on, or groups of channels. */
export type RowKind = { readonly axis: number } | { readonly groups: number };

/** x's axes as the rows see them: rows lie along the first ones, the terms of a row along the rest. */
export interface NormRows {
  readonly sizes: Shape;
  /** How many of the axes rows lie along. */
  readonly outer: number;
  /** Strides of weight and bias, 0 along the axes where they repeat. */
  readonly weight: readonly number[];
  /** Shape of weight and bias. */
  readonly weightShape: Shape;
  /** Where an operand of x's shape lies along those axes. */
  place(operand: Operand): Strided;
  /** Where an operand of the weight's shape lies. */
  placeWeight(operand: Operand): Strided;
}

export function normRows(name: string, shape: Shape, kind: RowKind): NormRows {
  return "axis" in kind ? layerRows(shape, resolveAxis(name, kind.axis, shape)) : channelRows(shape, kind.groups);
}

function layerRows(shape: Shape, outer: number): NormRows {
  const weightShape = shape.slice(outer);
  const zeros = shape.slice(0, outer).map(() => 0);
  return {
    sizes: shape,
    outer,
    weight: [...zeros, ...rowMajorStrides(weightShape)],
    weightShape,
    place: strided,
    placeWeight(operand) {
      const { offset, strides } = strided(operand);
      return { offset, strides: [...zeros, ...strides] };
    },
  };
}

/** [N, C, ...] as [N, groups, C / groups, elements of a channel]. */
function channelRows([items = 1, channels = 1, ...inner]: Shape, groups: number): NormRows {
  const plane = elementCount(inner);
  const each = channels / groups;
  return {
    sizes: [items, groups, each, plane],
    outer: 2,
    weight: [0, each, 1, 0],
    weightShape: [channels],
    place: ({ view }) => ({ offset: view.offset, strides: [view.batchStride, each * plane, plane, 1] }),
    placeWeight: ({ view }) => ({
      offset: view.offset,
      strides: [0, each * view.batchStride, view.batchStride, 0],
    }),
  };
}
