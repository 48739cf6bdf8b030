// Images and volumes sampled at given places: warps, spatial transformers, registration.

import { gridSampleParams, gridSample as gridSampleShader } from "../../../shaders/sample/grid-sample.wgsl.ts";
import type { GridPadding } from "../../../shaders/wgsl/grid-places.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params, viewParams } from "../parameters.ts";
import { floatType, requireF32, storageOf } from "../walk/operands.ts";
import { outputPlanes, planeGrid, planeValues, volumeValues } from "../walk/planes.ts";
import { image, requireRank, type Space, type SpaceTypes, volume } from "../walk/window.ts";
import { gridSampleGradient, gridSampleGridGradient } from "./grid-sample-gradient.ts";

export type { GridPadding };

interface GridSampleAttributes<M extends string> {
  readonly mode: M;
  readonly padding: GridPadding;
  readonly alignCorners: boolean;
}

interface GridSampleGiven<M extends string> {
  /** Default the linear one. */
  readonly mode?: M;
  /** What is outside of the image: zeros (default), its border, or its mirror image. */
  readonly padding?: GridPadding;
  /** Whether -1 and 1 are the centres of the outermost pixels, rather than their outer edges. Default false. */
  readonly alignCorners?: boolean;
}

export type GridSample2dAttributes = GridSampleAttributes<"bilinear" | "nearest">;
export type GridSample2dGiven = GridSampleGiven<"bilinear" | "nearest">;
export type GridSample3dAttributes = GridSampleAttributes<"trilinear" | "nearest">;
export type GridSample3dGiven = GridSampleGiven<"trilinear" | "nearest">;

const direct = (name: string, isVolume: boolean): Kernel<GridSampleAttributes<string>, 2> => ({
  name: `${name}/direct`,
  applies: () => true,
  views: [0, 1],
  dispatches(call, device) {
    const { mode, padding, alignCorners } = call.attrs;
    const { grid, workgroups } = planeGrid(outputPlanes(call), device);
    const template = { volume: isVolume, nearest: mode === "nearest", padding, alignCorners, grid };
    return [
      {
        code: gridSampleShader({ ...template, storage: storageOf(call) }),
        bindings: [{ input: 0 }, { input: 1 }, { output: 0 }],
        params: params(gridSampleParams, {
          ...planeValues(call),
          ...volumeValues(call),
          ...viewParams("grid", call.inputs[1]),
        }),
        workgroups,
      },
    ];
  },
});

const gridSample = <M extends "bilinear" | "trilinear" | "nearest">(
  name: string,
  space: Space<SpaceTypes>,
  linear: M,
): Operator<GridSampleAttributes<M>, GridSampleGiven<M>, 2> => ({
  name,
  attributes: ({ mode = linear, padding = "zeros", alignCorners = false }) => ({ mode, padding, alignCorners }),
  shape([x, grid]) {
    const dtype = floatType(name, [x]);
    requireF32(name, [x, grid], [1]);
    requireRank(name, "x", x, space.rank, space.format);
    const axes = space.rank - 2;
    const fits = grid.shape.length === space.rank && grid.shape[0] === x.shape[0] && grid.shape.at(-1) === axes;
    if (fits) return [{ shape: [...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)], dtype }];
    throw new ShapeError(
      `${name}: grid has shape ${formatShape(grid.shape)}, expected [${x.shape[0]}, ${axes === 2 ? "P, Q" : "Z, P, Q"}, ` +
        `${axes}] (input shapes: ${formatShape(x.shape)})`,
    );
  },
  cost: (call) => ({
    flop: call.attrs.mode === "nearest" ? 0 : 5 * 2 ** (space.rank - 2) * elementCount(call.outputs[0].shape),
    bytes: operandBytes(call),
  }),
  fullInputs: [1],
  kernels: [direct(name, space.rank === volume.rank)],
  gradient({ inputs: [x, grid], gy, attrs, type, apply }) {
    const gx = apply(gridSampleGradient, [gy, grid], { ...attrs, inputSize: type(x).shape.slice(2) });
    return [gx, attrs.mode === "nearest" ? undefined : apply(gridSampleGridGradient, [gy, x, grid], attrs)];
  },
});

/**
 * Samples images at the places of a grid.
 * - x: [N, C, H, W]; grid: f32 [N, P, Q, 2] of (column, row), from -1 to 1 across the image; output: [N, C, P, Q].
 * - with `alignCorners` -1 and 1 are the centres of the outermost pixels: (g + 1) / 2 * (W - 1); without, their outer edges:
 *   ((g + 1) * W - 1) / 2.
 * - `bilinear` weights the four neighbours by their nearness, `nearest` rounds half to even.
 * - a place that is no number, or beyond 2^31 pixels, has no neighbours in the image.
 * - gradient: of x the weighted sums of the samples, in the order of the grid; it keeps the grid. Of the grid the slope of the image
 *   there, 0 with `nearest` and at a border that places are moved to; it keeps x and the grid. At a pixel, where slopes meet, the
 *   one behind it counts. As in PyTorch, but for places that are no number: 0, PyTorch gives NaN for some.
 * Throws ShapeError unless x is [N, C, H, W] and the grid f32 [N, P, Q, 2].
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html
 */
export const gridSample2d = gridSample<"bilinear" | "nearest">("gridSample2d", image, "bilinear");

/**
 * As {@link gridSample2d} on volumes; `trilinear` weights eight neighbours.
 * - x: [N, C, D, H, W]; grid: f32 [N, Z, P, Q, 3] of (column, row, slice); output: [N, C, Z, P, Q].
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html
 */
export const gridSample3d = gridSample<"trilinear" | "nearest">("gridSample3d", volume, "trilinear");
