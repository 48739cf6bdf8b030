// y[n, c, h, w] = x[n, c, i, j] where indices[n, c, i, j] = h * W + w, of several the last in row-major order; else 0.
// x and indices [N, C, P, Q]; y [N, C, H, W]; volumes have one axis more, Z before P and D before H, and indices
// (d * H + h) * W + w. Only the windows that reach a pixel are asked: i*stride - pad <= h < i*stride - pad + kernel.
// One invocation per output pixel: x over w, y over h (of all slices), z over planes n * C + c, in steps of the grid.
import { type PlaneGrid, planeFunctions, planeMain, planeParams, volumeParams } from "../wgsl/planes.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";
import { windowParams, windowsFunction } from "../wgsl/windows.ts";

/** An image is a volume of one slice. */
export const maxUnpoolParams = {
  ...planeParams,
  ...volumeParams,
  indices_offset: "u32",
  indices_batch_stride: "u32",
  kernel_depth: "u32",
  kernel_height: "u32",
  kernel_width: "u32",
  ...windowParams,
} as const;

export interface MaxUnpoolTemplate {
  readonly storage: Storage;
  readonly grid: PlaneGrid;
}

export function maxUnpool(t: MaxUnpoolTemplate): string {
  return wgsl`
${storageTypes(t.storage)}
${structParams(maxUnpoolParams)}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<Element>;
@group(0) @binding(3) var<uniform> p: Params;
${planeFunctions}
${windowsFunction}

${planeMain(t.grid)}
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  let d = id.y / p.out_slice_height;
  let slices = windows(d, p.pad_front, p.kernel_depth, p.stride_depth, p.depth);
  let rows = windows(id.y % p.out_slice_height, p.pad_top, p.kernel_height, p.stride_height, p.slice_height);
  let columns = windows(id.x, p.pad_left, p.kernel_width, p.stride_width, p.width);
  let pixel = id.y * p.out_width + id.x;
  for (var plane = id.z; plane < p.planes; plane += groups.z * ${t.grid.workgroup[2]}u) {
    let n = plane / p.channels;
    let chosen = p.indices_offset + n * p.indices_batch_stride + plane % p.channels * p.height * p.width;
    let image = x_plane(plane);
    var value = Element(0.0);
    for (var slice = slices.x; slice < slices.y; slice++) {
      for (var row = rows.x; row < rows.y; row++) {
        for (var column = columns.x; column < columns.y; column++) {
          let window = (slice * p.slice_height + row) * p.width + column;
          if (indices[chosen + window] == i32(pixel)) { value = x[image + window]; }
        }
      }
    }
    y[y_plane(plane) + pixel] = value;
  }
}
`;
}
