import {
  type GridPadding,
  type GridSample2dAttributes,
  type GridSample2dGiven,
  type GridSample3dAttributes,
  type GridSample3dGiven,
  gridSample2d,
  gridSample3d,
} from "../../../src/ops/sample/grid-sample.ts";
import { roundHalfEven } from "../../../src/round.ts";
import type { Shape } from "../../../src/tensor.ts";
import type { InputSpec, OperatorCases, ReferenceTensor } from "../../support/operator-cases.ts";
import { createRandom } from "../../support/random.ts";

/**
 * x and a grid in [-reach, reach). Places are multiples of 1/64 and half of that, which leave f32 no rounding, so that what is
 * nearest is certain, and lie on no pixel and between no two; `round` ones are multiples of 1/64, and do. With `fine` they are any
 * numbers.
 */
function sampled(x: Shape, counts: Shape, { reach = 1.5, fine = false, round = false } = {}): InputSpec[] {
  const random = createRandom(9);
  const shape = [x[0]!, ...counts, counts.length];
  const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    const place = (random() * 2 - 1) * reach;
    return Math.fround(fine ? place : (Math.round(place * 64) + (round ? 0 : 0.5)) / 64);
  });
  return [{ shape: x }, { shape, values }];
}

/** As in PyTorch's grid_sampler, written along one axis: where a place is, in pixels. */
function pixel(place: number, size: number, { padding, alignCorners }: Omit<AnyAttributes, "mode">): number {
  let at = alignCorners ? ((place + 1) / 2) * (size - 1) : ((place + 1) * size - 1) / 2;
  if (padding === "reflection") {
    const [low, high] = alignCorners ? [0, size - 1] : [-0.5, size - 0.5];
    if (low === high) at = 0;
    while (at < low || at > high) at = at < low ? 2 * low - at : 2 * high - at;
  }
  return padding === "zeros" ? at : Math.min(Math.max(at, 0), size - 1);
}

/** Of images and of volumes. */
export interface AnyAttributes {
  readonly mode: string;
  readonly padding: GridPadding;
  readonly alignCorners: boolean;
}

/** The pixels that a place (of coordinates as the grid has them) is made of: where they lie in the plane, and their weights. */
export function tapsOf(place: ArrayLike<number>, sizes: Shape, attrs: AnyAttributes) {
  const rank = sizes.length;
  // The last axis comes first in the grid.
  const at = sizes.map((size, axis) => pixel(place[rank - 1 - axis]!, size, attrs));
  const isNearest = attrs.mode === "nearest";
  const taps: { readonly pixel: number; readonly weight: number }[] = [];
  for (let corner = 0; corner < (isNearest ? 1 : 2 ** rank); corner++) {
    const tap = at.map((value, axis) =>
      isNearest ? roundHalfEven(value) : Math.floor(value) + ((corner >> axis) & 1),
    );
    if (!tap.every((value, axis) => value >= 0 && value < sizes[axis]!)) continue;
    const weight = isNearest ? 1 : tap.reduce((all, value, axis) => all * (1 - Math.abs(at[axis]! - value)), 1);
    taps.push({ pixel: tap.reduce((index, value, axis) => index * sizes[axis]! + value, 0), weight });
  }
  return taps;
}

function sample([x, grid]: readonly ReferenceTensor[], attrs: AnyAttributes) {
  const [items, channels, ...sizes] = x!.shape as [number, number, ...number[]];
  const rank = sizes.length;
  const plane = sizes.reduce((a, b) => a * b, 1);
  const places = grid!.data.length / items / rank;
  const data = new Float64Array(items * channels * places);
  const magnitude = new Float64Array(data.length);
  for (let n = 0; n < items; n++)
    for (let i = 0; i < places; i++) {
      const first = (n * places + i) * rank;
      for (const { pixel, weight } of tapsOf(grid!.data.subarray(first, first + rank), sizes, attrs))
        for (let c = 0; c < channels; c++) {
          const value = x!.data[(n * channels + c) * plane + pixel]!;
          const y = (n * channels + c) * places + i;
          data[y]! += weight * value;
          // A place is rounded before it is a position, which makes it uncertain by as many units as there are pixels.
          magnitude[y]! += Math.abs(value) * (1 + Math.max(...sizes));
        }
    }
  return [{ data, magnitude, ...(attrs.mode === "nearest" && { exact: true as const }) }] as const;
}

const image = [2, 3, 7, 9];
const volume = [2, 2, 4, 5, 7];

export const gridSample2dCases: OperatorCases<GridSample2dAttributes, GridSample2dGiven> = {
  operator: gridSample2d,
  reference: (inputs, attrs) => sample(inputs, attrs),
  // A place is rounded before it is a position, which makes it uncertain by as many units as there are pixels.
  gradientSlack: 40,
  cases: [
    { why: "one pixel", inputs: sampled([1, 1, 1, 1], [1, 1]), given: {} },
    { why: "zeros around, batch 2", inputs: sampled(image, [5, 6]), given: {} },
    {
      why: "on pixels",
      inputs: sampled([1, 2, 8, 8], [5, 6], { round: true }),
      given: { alignCorners: true },
      gradient: "slopes jump at pixels",
    },
    { why: "corners aligned", inputs: sampled(image, [5, 6]), given: { alignCorners: true } },
    { why: "border", inputs: sampled(image, [5, 6]), given: { padding: "border" } },
    {
      why: "border, corners aligned",
      inputs: sampled(image, [5, 6]),
      given: { padding: "border", alignCorners: true },
    },
    { why: "mirrored many times", inputs: sampled(image, [5, 6], { reach: 9 }), given: { padding: "reflection" } },
    {
      why: "mirrored, corners aligned",
      inputs: sampled(image, [5, 6], { reach: 9 }),
      given: { padding: "reflection", alignCorners: true },
    },
    {
      why: "mirrored where there is one row",
      inputs: sampled([1, 2, 1, 5], [3, 4]),
      given: { padding: "reflection", alignCorners: true },
    },
    { why: "nearest", inputs: sampled(image, [5, 6]), given: { mode: "nearest" } },
    {
      why: "nearest at ties: half to even",
      inputs: sampled([1, 2, 8, 8], [9, 9], { round: true }),
      given: { mode: "nearest", padding: "border" },
      gradient: "ties",
    },
    {
      why: "nearest, mirrored, corners aligned",
      inputs: sampled(image, [5, 6], { reach: 5 }),
      given: { mode: "nearest", padding: "reflection", alignCorners: true },
    },
    { why: "any places, several workgroups", inputs: sampled([2, 5, 19, 35], [37, 21], { fine: true }), given: {} },
    {
      why: "places that are no number, or out of every range",
      inputs: [
        { shape: [1, 2, 3, 3] },
        { shape: [1, 1, 4, 2], values: [Number.NaN, 0, Number.POSITIVE_INFINITY, 0, 0, 1e30, -1e30, Number.NaN] },
      ],
      given: {},
    },
  ],
};

export const gridSample3dCases: OperatorCases<GridSample3dAttributes, GridSample3dGiven> = {
  operator: gridSample3d,
  reference: (inputs, attrs) => sample(inputs, attrs),
  // A place is rounded before it is a position, which makes it uncertain by as many units as there are pixels.
  gradientSlack: 40,
  cases: [
    { why: "zeros around, batch 2", inputs: sampled(volume, [3, 4, 5]), given: {} },
    {
      why: "border, corners aligned",
      inputs: sampled(volume, [3, 4, 5]),
      given: { padding: "border", alignCorners: true },
    },
    { why: "mirrored", inputs: sampled(volume, [3, 4, 5], { reach: 5 }), given: { padding: "reflection" } },
    { why: "nearest", inputs: sampled(volume, [3, 4, 5]), given: { mode: "nearest" } },
    {
      why: "any places, several workgroups",
      inputs: sampled([1, 3, 7, 9, 19], [5, 11, 17], { fine: true }),
      given: { padding: "border" },
    },
  ],
};
