// y[n, c, i, j] = max over r, s of x[n, c, i*stride + r*dilation - pad, ...]; taps outside of the image are left out.
// indices[n, c, i, j] = h * W + w of the first maximum in row-major order. A NaN wins, and of several the last one.
// x [N, C, H, W]; y and indices [N, C, P, Q].
// Volumes have one axis more: x [N, C, D, H, W], indices (d * H + h) * W + w; y and indices [N, C, Z, P, Q].
// One invocation per output pixel: x over q, y over p (of all slices), z over planes n * C + c, in steps of the grid.

import { type PlaneGrid, planeFunctions, planeMain, planeParams, volumeParams } from "../wgsl/planes.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export const maxPoolParams = {
  ...planeParams,
  indices_offset: "u32",
  indices_batch_stride: "u32",
  kernel_height: "i32",
  kernel_width: "i32",
  stride_height: "i32",
  stride_width: "i32",
  dilation_height: "i32",
  dilation_width: "i32",
  pad_top: "i32",
  pad_left: "i32",
  lowest: "f32", // -infinity, which WGSL cannot write
} as const;

export const maxPool3dParams = {
  ...maxPoolParams,
  ...volumeParams,
  kernel_depth: "i32",
  stride_depth: "i32",
  dilation_depth: "i32",
  pad_front: "i32",
} as const;

export interface MaxPoolTemplate {
  readonly volume: boolean;
  readonly indices: boolean;
  readonly storage: Storage;
  readonly grid: PlaneGrid;
}

export function maxPool(t: MaxPoolTemplate): string {
  let next = 0;
  const [row, height] = t.volume ? ["id.y % p.out_slice_height", "slice_height"] : ["id.y", "height"];
  const flatRow = (inSlice: string, slice: string) =>
    t.volume ? `(${slice} * i32(p.slice_height) + ${inSlice})` : inSlice;
  return wgsl`
${storageTypes(t.storage)}
${structParams(t.volume ? maxPool3dParams : maxPoolParams)}
@group(0) @binding(${next++}) var<storage, read> x: array<Element>;
@group(0) @binding(${next++}) var<storage, read_write> y: array<Element>;
${t.indices ? `@group(0) @binding(${next++}) var<storage, read_write> indices: array<i32>;` : ""}
@group(0) @binding(${next++}) var<uniform> p: Params;
${planeFunctions}

// Positions of a window's taps inside the image: from .x, below .y, in steps of the dilation.
fn taps(start: i32, kernel: i32, dilation: i32, size: u32) -> vec2i {
  let outside = select(0, (dilation - 1 - start) / dilation, start < 0);
  return vec2i(start + outside * dilation, min(start + kernel * dilation, i32(size)));
}

// On the bits, since compilers may assume that there are no NaNs.
fn is_nan(v: f32) -> bool {
  return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u;
}

${planeMain(t.grid)}
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  #if ${t.volume}
  let z = id.y / p.out_slice_height;
  let slices = taps(i32(z) * p.stride_depth - p.pad_front, p.kernel_depth, p.dilation_depth, p.depth);
  #endif
  let rows = taps(i32(${row}) * p.stride_height - p.pad_top, p.kernel_height, p.dilation_height, p.${height});
  let columns = taps(i32(id.x) * p.stride_width - p.pad_left, p.kernel_width, p.dilation_width, p.width);
  let pixel = id.y * p.out_width + id.x;
  for (var plane = id.z; plane < p.planes; plane += groups.z * ${t.grid.workgroup[2]}u) {
    let image = x_plane(plane);
    let is_empty = ${t.volume ? "slices.x >= slices.y || " : ""}rows.x >= rows.y || columns.x >= columns.y;
    var best = p.lowest;
    var index = select(${flatRow("rows.x", "slices.x")} * i32(p.width) + columns.x, -1, is_empty);
    var found_nan = false;
    #if ${t.volume}
    for (var slice = slices.x; slice < slices.y; slice += p.dilation_depth) {
    #endif
    for (var row = rows.x; row < rows.y; row += p.dilation_height) {
      for (var column = columns.x; column < columns.y; column += p.dilation_width) {
        let candidate = ${flatRow("row", "slice")} * i32(p.width) + column;
        let value = f32(x[image + u32(candidate)]);
        let value_is_nan = is_nan(value);
        if (value_is_nan || (!found_nan && value > best)) {
          best = value;
          index = candidate;
        }
        found_nan |= value_is_nan;
      }
    }
    #if ${t.volume}
    }
    #endif
    y[y_plane(plane) + pixel] = stored(best);
    #if ${t.indices}
    let n = plane / p.channels;
    let c = plane % p.channels;
    indices[p.indices_offset + n * p.indices_batch_stride + c * p.out_height * p.out_width + pixel] = index;
    #endif
  }
}
`;
}
