// y[n, c, i, j] = mean of x[n, c, h, w] over floor(i*H / P) <= h < ceil((i + 1)*H / P), and columns likewise.
// x [N, C, H, W]; y [N, C, P, Q]; volumes have one axis more: x [N, C, D, H, W]; y [N, C, Z, P, Q].
// `adaptiveAveragePool`: one invocation per output pixel, x over q, y over p (of all slices), z over planes n * C + c.
// `adaptiveAveragePoolShared`: one workgroup per output pixel, whose lanes sum shares of the window and add these up as a
// tree, always in the same order. Both walk over planes in steps of the grid.

import { type PlaneGrid, planeFunctions, planeMain, planeParams, volumeParams } from "../wgsl/planes.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export const adaptiveAveragePoolParams = planeParams;
export const adaptiveAveragePool3dParams = { ...planeParams, ...volumeParams } as const;

export interface AdaptiveAveragePoolTemplate {
  readonly volume: boolean;
  readonly storage: Storage;
}

const head = ({ volume, storage }: AdaptiveAveragePoolTemplate) => `
${storageTypes(storage)}
${structParams(volume ? adaptiveAveragePool3dParams : adaptiveAveragePoolParams)}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;
${planeFunctions}

// From .x, below .y.
fn window(output: u32, size: u32, out_size: u32) -> vec2u {
  return vec2u(output * size / out_size, ((output + 1u) * size + out_size - 1u) / out_size);
}`;

/** WGSL: the window of rows, and the one of slices that volumes have. */
function windows({ volume }: AdaptiveAveragePoolTemplate): string {
  if (!volume) return "let rows = window(id.y, p.height, p.out_height);";
  return `let slices = window(id.y / p.out_slice_height, p.depth, p.out_depth);
  let rows = window(id.y % p.out_slice_height, p.slice_height, p.out_slice_height);`;
}

export function adaptiveAveragePool(t: AdaptiveAveragePoolTemplate & { readonly grid: PlaneGrid }): string {
  const total = t.volume ? "slice_sum" : "sum";
  return wgsl`${head(t)}

${planeMain(t.grid)}
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  ${windows(t)}
  let columns = window(id.x, p.width, p.out_width);
  let pixels = ${t.volume ? "(slices.y - slices.x) * " : ""}(rows.y - rows.x) * (columns.y - columns.x);
  for (var plane = id.z; plane < p.planes; plane += groups.z * ${t.grid.workgroup[2]}u) {
    let image = x_plane(plane);
    var sum = 0.0;
    #if ${t.volume}
    for (var slice = slices.x; slice < slices.y; slice++) {
    var slice_sum = 0.0;
    #endif
    for (var row = rows.x; row < rows.y; row++) {
      var row_sum = 0.0;
      for (var column = columns.x; column < columns.y; column++) {
        row_sum += f32(x[image + ${t.volume ? "(slice * p.slice_height + row)" : "row"} * p.width + column]);
      }
      ${total} += row_sum;
    }
    #if ${t.volume}
    sum += slice_sum;
    }
    #endif
    y[y_plane(plane) + id.y * p.out_width + id.x] = stored(sum / f32(pixels));
  }
}
`;
}

export const adaptiveAveragePoolLanes = 64;

export function adaptiveAveragePoolShared(t: AdaptiveAveragePoolTemplate): string {
  const lanes = adaptiveAveragePoolLanes;
  // `row` counts the window's rows of all slices.
  const flatRow = t.volume ? "(row / (rows.y - rows.x) * p.slice_height + row % (rows.y - rows.x))" : "row";
  return wgsl`${head(t)}

var<workgroup> partial: array<f32, ${lanes}>;

@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(num_workgroups) groups: vec3u,
) {
  ${windows(t)}
  let columns = window(id.x, p.width, p.out_width);
  let width = columns.y - columns.x;
  let pixels = ${t.volume ? "(slices.y - slices.x) * " : ""}(rows.y - rows.x) * width;
  // Neighbouring lanes read neighbouring pixels; ${lanes} pixels on is this many rows and columns on.
  let down = ${lanes}u / width;
  let right = ${lanes}u % width;
  for (var plane = id.z; plane < p.planes; plane += groups.z) {
    let image = x_plane(plane) + ${t.volume ? "(slices.x * p.slice_height + rows.x)" : "rows.x"} * p.width + columns.x;
    var row = lane / width;
    var column = lane % width;
    var sum = 0.0;
    for (var pixel = lane; pixel < pixels; pixel += ${lanes}u) {
      sum += f32(x[image + ${flatRow} * p.width + column]);
      row += down;
      column += right;
      if (column >= width) {
        column -= width;
        row++;
      }
    }
    partial[lane] = sum;
    workgroupBarrier();
    for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
      if (lane < half) { partial[lane] += partial[lane + half]; }
      workgroupBarrier();
    }
    if (lane == 0u) { y[y_plane(plane) + id.y * p.out_width + id.x] = stored(partial[0] / f32(pixels)); }
  }
}
`;
}
