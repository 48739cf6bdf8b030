// Samples x at (start + i * step) / unit rows and likewise columns, cut off at the borders:
// nearest: y[n, c, i, j] = x[n, c, floor(row), floor(column)]; the host has put the rounding into start.
// bilinear: the four pixels around, weighted by their nearness.
// trilinear: the eight voxels around, of volumes, whose slices are sampled as their rows are.
// x [N, C, H, W]; y [N, C, P, Q]; volumes: x [N, C, D, H, W]; y [N, C, Z, P, Q].
// Positions are exact fractions: no rounding can choose a wrong pixel.
// One invocation per output pixel: x over q, y over p (of all slices), z over planes n * C + c, in steps of the grid; the
// position is found once for all of its planes.

import { type PlaneGrid, planeFunctions, planeMain, planeParams, volumeParams } from "../wgsl/planes.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export const resizeParams = {
  ...planeParams,
  row_start: "i32",
  row_step: "i32",
  row_unit: "u32",
  row_scale: "f32", // 1 / row_unit
  column_start: "i32",
  column_step: "i32",
  column_unit: "u32",
  column_scale: "f32",
} as const;

export const resize3dParams = {
  ...resizeParams,
  ...volumeParams,
  slice_start: "i32",
  slice_step: "i32",
  slice_unit: "u32",
  slice_scale: "f32",
} as const;

export interface ResizeTemplate {
  readonly volume: boolean;
  readonly mode: "linear" | "nearest";
  readonly storage: Storage;
  readonly grid: PlaneGrid;
}

export function resize(t: ResizeTemplate): string {
  const [row, height] = t.volume ? ["id.y % p.out_slice_height", "slice_height"] : ["id.y", "height"];
  const slicePosition = "p.slice_start + i32(id.y / p.out_slice_height) * p.slice_step";
  return wgsl`
${storageTypes(t.storage)}
${structParams(t.volume ? resize3dParams : resizeParams)}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;
${planeFunctions}
${t.mode === "linear" ? linearTaps : nearestTap}${t.mode === "linear" && t.volume ? bilinear : ""}

${planeMain(t.grid)}
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  let pixel = id.y * p.out_width + id.x;
  #if ${t.mode === "linear"}
  #if ${t.volume}
  let slices = taps(${slicePosition}, p.slice_unit, p.slice_scale, p.depth);
  #endif
  let rows = taps(p.row_start + i32(${row}) * p.row_step, p.row_unit, p.row_scale, p.${height});
  let columns = taps(p.column_start + i32(id.x) * p.column_step, p.column_unit, p.column_scale, p.width);
  #if ${!t.volume}
  let upper = rows.first * p.width;
  let lower = rows.second * p.width;
  #endif
  #else
  #if ${t.volume}
  let slice = tap(${slicePosition}, p.slice_unit, p.depth) * p.slice_height * p.width;
  #endif
  let source = ${t.volume ? "slice + " : ""}tap(p.row_start + i32(${row}) * p.row_step, p.row_unit, p.${height}) * p.width
    + tap(p.column_start + i32(id.x) * p.column_step, p.column_unit, p.width);
  #endif
  for (var plane = id.z; plane < p.planes; plane += groups.z * ${t.grid.workgroup[2]}u) {
    let image = x_plane(plane);
    #if ${t.mode === "linear" && t.volume}
    let slice = p.slice_height * p.width;
    let front = bilinear(image + slices.first * slice, rows, columns);
    let back = bilinear(image + slices.second * slice, rows, columns);
    y[y_plane(plane) + pixel] = stored(dot(slices.weights, vec2f(front, back)));
    #elif ${t.mode === "linear"}
    let above = dot(columns.weights, pair(image + upper, columns));
    let below = dot(columns.weights, pair(image + lower, columns));
    y[y_plane(plane) + pixel] = stored(dot(rows.weights, vec2f(above, below)));
    #else
    y[y_plane(plane) + pixel] = x[image + source];
    #endif
  }
}
`;
}

const nearestTap = `
fn tap(position: i32, unit: u32, size: u32) -> u32 {
  return min(u32(position) / unit, size - 1u);
}`;

const bilinear = `
fn bilinear(slice: u32, rows: Taps, columns: Taps) -> f32 {
  let above = dot(columns.weights, pair(slice + rows.first * p.width, columns));
  let below = dot(columns.weights, pair(slice + rows.second * p.width, columns));
  return dot(rows.weights, vec2f(above, below));
}`;

const linearTaps = `
struct Taps {
  first: u32,
  second: u32,
  weights: vec2f,
}
fn pair(row: u32, columns: Taps) -> vec2f {
  return vec2f(f32(x[row + columns.first]), f32(x[row + columns.second]));
}
fn taps(position: i32, unit: u32, scale: f32, size: u32) -> Taps {
  let inside = u32(max(position, 0));
  let first = inside / unit;
  if (first >= size - 1u) { return Taps(size - 1u, size - 1u, vec2f(1.0, 0.0)); }
  // The smaller weight is rounded, the larger one follows: their sum is 1, and a hit copies its pixel.
  let rest = inside - first * unit;
  let small = f32(min(rest, unit - rest)) * scale;
  let weights = vec2f(1.0 - small, small);
  return Taps(first, first + 1u, select(weights, weights.yx, rest > unit - rest));
}`;
