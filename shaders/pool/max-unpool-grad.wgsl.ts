// gx[n, c, i, j] = gy[n, c, h, w] at indices[n, c, i, j] = h * W + w; 0 where that lies outside of the window,
// whose rows are i*stride - pad ... + kernel, and columns likewise.
// gy [N, C, H, W]; indices and gx [N, C, P, Q]; volumes have one axis more, Z before P and D before H, and indices
// (d * H + h) * W + w. In the parameters x is what is read, gy, and y what is written, gx.
// One invocation per element of gx: x over j, y over i (of all slices), z over planes n * C + c, in steps of the grid.

import { planeFunctions, planeMain } from "../wgsl/planes.ts";
import { storageTypes } from "../wgsl/storage.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";
import { type MaxUnpoolTemplate, maxUnpoolParams } from "./max-unpool.wgsl.ts";

export function maxUnpoolGradient(t: MaxUnpoolTemplate): string {
  return wgsl`
${storageTypes(t.storage)}
${structParams(maxUnpoolParams)}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> gx: array<Element>;
@group(0) @binding(3) var<uniform> p: Params;
${planeFunctions}

fn is_inside(at: u32, window: u32, pad: u32, kernel: u32, stride: u32) -> bool {
  return at + pad >= window * stride && at + pad < window * stride + kernel;
}

${planeMain(t.grid)}
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  let z = id.y / p.out_slice_height;
  let i = id.y % p.out_slice_height;
  for (var plane = id.z; plane < p.planes; plane += groups.z * ${t.grid.workgroup[2]}u) {
    let window = id.y * p.out_width + id.x;
    let chosen = p.indices_offset + plane / p.channels * p.indices_batch_stride + plane % p.channels * p.out_height * p.out_width;
    let index = indices[chosen + window];
    let pixel = u32(max(index, 0));
    let row = pixel / p.width;
    var value = Element();
    if (index >= 0 && row < p.height
      && is_inside(row / p.slice_height, z, p.pad_front, p.kernel_depth, p.stride_depth)
      && is_inside(row % p.slice_height, i, p.pad_top, p.kernel_height, p.stride_height)
      && is_inside(pixel % p.width, id.x, p.pad_left, p.kernel_width, p.stride_width)) {
      value = gy[x_plane(plane) + pixel];
    }
    gx[y_plane(plane) + window] = value;
  }
}
`;
}
