// y[n, c, i, j] = (sum of x[n, c, h, w] over the part of the window inside the image) / divisor,
// the window being rows i*stride - pad ... + kernel, cut off behind the padding, and columns likewise.
// x [N, C, H, W]; y [N, C, P, Q]; volumes have one axis more: x [N, C, D, H, W]; y [N, C, Z, P, Q].
// Rows are summed one by one, and slices too, which keeps rounding errors small.
// One invocation per output pixel: x over q, y over p (of all slices), z over planes n * C + c, in steps of the grid.

import { type PlaneGrid, planeFunctions, planeMain, planeParams, volumeParams } from "../wgsl/planes.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export const averagePoolParams = {
  ...planeParams,
  kernel_height: "i32",
  kernel_width: "i32",
  stride_height: "i32",
  stride_width: "i32",
  pad_top: "i32",
  pad_left: "i32",
  pad_bottom: "i32",
  pad_right: "i32",
  fixed_divisor: "f32",
} as const;

export const averagePool3dParams = {
  ...averagePoolParams,
  ...volumeParams,
  kernel_depth: "i32",
  stride_depth: "i32",
  pad_front: "i32",
  pad_back: "i32",
} as const;

export interface AveragePoolTemplate {
  readonly volume: boolean;
  /** What the sum is divided by: the window's part inside image and padding, that inside the image, or a constant. */
  readonly divisor: "padded" | "image" | "fixed";
  readonly storage: Storage;
  readonly grid: PlaneGrid;
}

export function averagePool(t: AveragePoolTemplate): string {
  const [row, height] = t.volume ? ["id.y % p.out_slice_height", "slice_height"] : ["id.y", "height"];
  const total = t.volume ? "slice_sum" : "sum";
  return wgsl`
${storageTypes(t.storage)}
${structParams(t.volume ? averagePool3dParams : averagePoolParams)}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;
${planeFunctions}

struct Window {
  first: u32, // inside the image: from first, below end
  end: u32,
  padded: i32, // how many positions lie inside the image and its padding
}
fn window(start: i32, kernel: i32, size: u32, after: i32) -> Window {
  let end = min(start + kernel, i32(size) + after);
  return Window(u32(max(start, 0)), u32(min(end, i32(size))), end - start);
}

${planeMain(t.grid)}
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  #if ${t.volume}
  let z = id.y / p.out_slice_height;
  let slices = window(i32(z) * p.stride_depth - p.pad_front, p.kernel_depth, p.depth, p.pad_back);
  #endif
  let rows = window(i32(${row}) * p.stride_height - p.pad_top, p.kernel_height, p.${height}, p.pad_bottom);
  let columns = window(i32(id.x) * p.stride_width - p.pad_left, p.kernel_width, p.width, p.pad_right);
  #if ${t.divisor === "padded"}
  let divisor = f32(${t.volume ? "slices.padded * " : ""}rows.padded * columns.padded);
  #elif ${t.divisor === "image"}
  let divisor = f32(${t.volume ? "(slices.end - slices.first) * " : ""}(rows.end - rows.first) * (columns.end - columns.first));
  #else
  let divisor = p.fixed_divisor;
  #endif
  for (var plane = id.z; plane < p.planes; plane += groups.z * ${t.grid.workgroup[2]}u) {
    let image = x_plane(plane);
    var sum = 0.0;
    #if ${t.volume}
    for (var slice = slices.first; slice < slices.end; slice++) {
    var slice_sum = 0.0;
    #endif
    for (var row = rows.first; row < rows.end; row++) {
      var row_sum = 0.0;
      for (var column = columns.first; column < columns.end; column++) {
        row_sum += f32(x[image + ${t.volume ? "(slice * p.slice_height + row)" : "row"} * p.width + column]);
      }
      ${total} += row_sum;
    }
    #if ${t.volume}
    sum += slice_sum;
    }
    #endif
    y[y_plane(plane) + id.y * p.out_width + id.x] = stored(sum / divisor);
  }
}
`;
}
