// y[n, c, i, j] = x[n, c] at the place grid[n, i, j] = (column, row), from -1 to 1 across the image: by its four neighbours, each
// weighted by its nearness, or by the nearest one (half to even). Neighbours outside of the image are 0.
// x [N, C, H, W]; grid f32 [N, P, Q, 2]; y [N, C, P, Q].
// Volumes: x [N, C, D, H, W]; grid [N, Z, P, Q, 3] of (column, row, slice), eight neighbours; y [N, C, Z, P, Q].
// One invocation per output pixel: x over q, y over p (of all slices), z over planes n * C + c, in steps of the grid.

import { planeFunctions, planeParams, volumeParams, type Workgroup } from "./planes.ts";
import { type Storage, storageTypes } from "./storage.ts";
import { structParams, wgsl } from "./wgsl.ts";

/** An image is a volume of one slice. */
export const gridSampleParams = {
  ...planeParams,
  ...volumeParams,
  grid_offset: "u32",
  grid_batch_stride: "u32",
} as const;

/** Where places outside of the image are: there, at its nearest border, or mirrored at its borders until they are inside. */
export type GridPadding = "zeros" | "border" | "reflection";

export interface GridSampleTemplate {
  readonly volume: boolean;
  readonly nearest: boolean;
  readonly padding: GridPadding;
  /** Whether -1 and 1 are the centres of the outermost pixels, or their outer edges. */
  readonly alignCorners: boolean;
  readonly storage: Storage;
  readonly workgroup: Workgroup;
}

export function gridSample(t: GridSampleTemplate): string {
  const axes = t.volume ? 3 : 2;
  return wgsl`
${storageTypes(t.storage)}
${structParams(gridSampleParams)}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> grid: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<Element>;
@group(0) @binding(3) var<uniform> p: Params;
${planeFunctions}

// In pixels, from 0 to size - 1 within the image.
fn position(place: f32, size: u32) -> f32 {
  let extent = f32(size);
  #if ${t.alignCorners}
  var at = (place + 1.0) / 2.0 * (extent - 1.0);
  #else
  var at = ((place + 1.0) * extent - 1.0) / 2.0;
  #endif
  #if ${t.padding === "reflection"}
  at = reflected(at, extent);
  #endif
  #if ${t.padding !== "zeros"}
  at = clamp(at, 0.0, extent - 1.0);
  #endif
  // What is no i32, NaN too, is outside, as in PyTorch.
  return select(at, -100.0, (bitcast<u32>(at) & 0x7fffffffu) >= 0x4f000000u);
}

#if ${t.padding === "reflection"}
// Mirrored at the centres of the outermost pixels, or at their outer edges.
fn reflected(at: f32, extent: f32) -> f32 {
  let low = ${t.alignCorners ? "0.0" : "-0.5"};
  let span = ${t.alignCorners ? "extent - 1.0" : "extent"};
  if (span == 0.0) { return 0.0; }
  let distance = abs(at - low);
  let flips = floor(distance / span);
  let extra = distance - flips * span;
  return low + select(extra, span - extra, flips % 2.0 == 1.0);
}
#endif

fn pixel_at(image: u32, at: vec3i) -> f32 {
  let size = vec3i(vec3u(p.width, p.slice_height, p.depth));
  if (any(at < vec3i(0)) || any(at >= size)) { return 0.0; }
  return f32(x[image + u32((at.z * size.y + at.y) * size.x + at.x)]);
}

@compute @workgroup_size(${t.workgroup[0]}, ${t.workgroup[1]}, ${t.workgroup[2]})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  let pixel = id.y * p.out_width + id.x;
  for (var plane = id.z; plane < p.planes; plane += groups.z * ${t.workgroup[2]}u) {
    let place = p.grid_offset + plane / p.channels * p.grid_batch_stride + pixel * ${axes}u;
    let at = vec3f(
      position(grid[place], p.width),
      position(grid[place + 1u], p.slice_height),
      ${t.volume ? "position(grid[place + 2u], p.depth)" : "0.0"},
    );
    #if ${t.nearest}
    let value = pixel_at(x_plane(plane), vec3i(round(at)));
    #else
    let first = floor(at);
    let beyond = at - first;
    var value = 0.0;
    for (var corner = 0u; corner < ${2 ** axes}u; corner++) {
      let step = (vec3u(corner) >> vec3u(0u, 1u, 2u)) & vec3u(1u);
      let near = select(1.0 - beyond, beyond, step == vec3u(1u));
      value += near.x * near.y * near.z * pixel_at(x_plane(plane), vec3i(first) + vec3i(step));
    }
    #endif
    y[y_plane(plane) + pixel] = stored(value);
  }
}
`;
}
