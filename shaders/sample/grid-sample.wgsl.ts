// y[n, c, i, j] = x[n, c] at the place grid[n, i, j] = (column, row), from -1 to 1 across the image: by its four neighbours, each
// weighted by its nearness, or by the nearest one (half to even). Neighbours outside of the image are 0.
// x [N, C, H, W]; grid f32 [N, P, Q, 2]; y [N, C, P, Q].
// Volumes: x [N, C, D, H, W]; grid [N, Z, P, Q, 3] of (column, row, slice), eight neighbours; y [N, C, Z, P, Q].
// One invocation per output pixel: x over q, y over p (of all slices), z over planes n * C + c, in steps of the grid.

import { type GridPlaces, gridPlaceFunctions } from "../wgsl/grid-places.ts";
import { type PlaneGrid, planeFunctions, planeMain, planeParams, volumeParams } from "../wgsl/planes.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

/** An image is a volume of one slice. */
export const gridSampleParams = {
  ...planeParams,
  ...volumeParams,
  grid_offset: "u32",
  grid_batch_stride: "u32",
} as const;

export interface GridSampleTemplate extends GridPlaces {
  readonly nearest: boolean;
  readonly storage: Storage;
  readonly grid: PlaneGrid;
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
${gridPlaceFunctions(t)}
fn pixel_at(image: u32, at: vec3i) -> f32 {
  let size = vec3i(vec3u(p.width, p.slice_height, p.depth));
  if (any(at < vec3i(0)) || any(at >= size)) { return 0.0; }
  return f32(x[image + u32((at.z * size.y + at.y) * size.x + at.x)]);
}

${planeMain(t.grid)}
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  let pixel = id.y * p.out_width + id.x;
  for (var plane = id.z; plane < p.planes; plane += groups.z * ${t.grid.workgroup[2]}u) {
    let first = p.grid_offset + plane / p.channels * p.grid_batch_stride + pixel * ${axes}u;
    let at = place_in(first, vec3u(p.width, p.slice_height, p.depth)).at;
    #if ${t.nearest}
    let value = pixel_at(x_plane(plane), vec3i(round(at)));
    #else
    var value = 0.0;
    for (var i = 0u; i < ${2 ** axes}u; i++) {
      let corner = corner_of(at, i);
      value += corner.near.x * corner.near.y * corner.near.z * pixel_at(x_plane(plane), corner.at);
    }
    #endif
    y[y_plane(plane) + pixel] = stored(value);
  }
}
`;
}
