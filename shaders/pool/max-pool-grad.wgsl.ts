// gx[n, c, h, w] = sum of gy[n, c, i, j] over the windows i, j that chose the pixel: indices[n, c, i, j] = h * W + w.
// gy and indices [N, C, P, Q]; gx [N, C, H, W]; volumes have one axis more, Z before P and D before H, and indices
// (d * H + h) * W + w. Only the windows that reach a pixel are asked: an index outside of its own window, such as -1, is left out.
// In the parameters x is what is read, gy, and y what is written, gx.
// One invocation per pixel of gx, or per four neighbours in a row: x over w, y over h (of all slices), z over planes n * C + c,
// in steps of the grid. Sums are in the order of the windows.
import { type Neighbours, neighboursType, storeNeighbours } from "../wgsl/neighbours.ts";
import { type PlaneGrid, planeFunctions, planeMain, planeParams, volumeParams } from "../wgsl/planes.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { loadedAs } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";
import { windowParams, windowsFunction } from "../wgsl/windows.ts";

/** An image is a volume of one slice. */
export const maxPoolGradientParams = {
  ...planeParams,
  ...volumeParams,
  indices_offset: "u32",
  indices_batch_stride: "u32",
  reach_depth: "u32", // from the first tap of a window to behind its last
  reach_height: "u32",
  reach_width: "u32",
  ...windowParams,
} as const;

export interface MaxPoolGradientTemplate extends Neighbours {
  readonly storage: Storage;
  readonly grid: PlaneGrid;
}

export function maxPoolGradient(t: MaxPoolGradientTemplate): string {
  return wgsl`
${storageTypes(t.storage)}
${structParams(maxPoolGradientParams)}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> gx: array<${neighboursType(t)}>;
@group(0) @binding(3) var<uniform> p: Params;
${planeFunctions}
${windowsFunction}

${planeMain(t.grid, t.width)}
  let first = id.x * ${t.width}u;
  if (first >= p.out_width || id.y >= p.out_height) { return; }
  let d = id.y / p.out_slice_height;
  let slices = windows(d, p.pad_front, p.reach_depth, p.stride_depth, p.depth);
  let rows = windows(id.y % p.out_slice_height, p.pad_top, p.reach_height, p.stride_height, p.slice_height);
  let left = windows(first, p.pad_left, p.reach_width, p.stride_width, p.width);
  let right = windows(first + ${t.width - 1}u, p.pad_left, p.reach_width, p.stride_width, p.width);
  let pixel = id.y * p.out_width + first;
  for (var plane = id.z; plane < p.planes; plane += groups.z * ${t.grid.workgroup[2]}u) {
    let n = plane / p.channels;
    let chosen = p.indices_offset + n * p.indices_batch_stride + plane % p.channels * p.height * p.width;
    let image = x_plane(plane);
    var sum = ${loadedAs(t.width)}();
    for (var slice = slices.x; slice < slices.y; slice++) {
      for (var row = rows.x; row < rows.y; row++) {
        for (var column = left.x; column < right.y; column++) {
          let window = (slice * p.slice_height + row) * p.width + column;
          let index = indices[chosen + window] - i32(pixel);
          #if ${t.width === 4}
          let start = i32(column * p.stride_width) - i32(p.pad_left) - i32(first);
          let value = select(0.0, f32(gy[image + window]), index >= start && index < start + i32(p.reach_width));
          sum += select(vec4f(), vec4f(value), vec4i(index) == vec4i(0, 1, 2, 3));
          #else
          sum += select(0.0, f32(gy[image + window]), index == 0);
          #endif
        }
      }
    }
    let at = y_plane(plane) + pixel;
    ${storeNeighbours(t, "gx", "sum", "at")}
  }
}
`;
}
