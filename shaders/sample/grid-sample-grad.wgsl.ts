// gx[n, c, k] = sum of gy[n, c, i] * weight of pixel k over the places i that sampled it, in the order of the places.
// gy f32 [N, C, places]; grid f32 [N, places, axes] of (column, row, slice); gx f32 [N, C, D, H, W].
// One invocation per stretch of pixels of a plane n * C + c, which no other writes. It passes over all places of the grid and adds
// those that fall into its stretch.
import { type GridPlaces, gridGradientMain, gridGradientParams, gridPlaceFunctions } from "../wgsl/grid-places.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export const gridSampleGradientParams = {
  count: "u32", // N * C * stretches
  stretches: "u32", // of a plane
  stretch: "u32", // pixels; the last one may be shorter
  ...gridGradientParams,
} as const;

export function gridSampleGradient(t: GridPlaces & { readonly nearest: boolean }): string {
  const axes = t.volume ? 3 : 2;
  return wgsl`
${structParams(gridSampleGradientParams)}
@group(0) @binding(0) var<storage, read> gy: array<f32>;
@group(0) @binding(1) var<storage, read> grid: array<f32>;
@group(0) @binding(2) var<storage, read_write> gx: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;
${gridPlaceFunctions(t)}

${gridGradientMain}
  let pixels = p.depth * p.height * p.width;
  let plane = at / p.stretches;
  let begin = at % p.stretches * p.stretch;
  let end = min(begin + p.stretch, pixels);
  for (var pixel = begin; pixel < end; pixel++) { gx[plane * pixels + pixel] = 0.0; }
  for (var i = 0u; i < p.places; i++) {
    let place = place_in((plane / p.channels * p.places + i) * ${axes}u, vec3u(size)).at;
    #if ${t.nearest}
    let corner = vec3i(round(place));
    let weight = 1.0;
    #else
    for (var k = 0u; k < ${2 ** axes}u; k++) {
    let around = corner_of(place, k);
    let corner = around.at;
    let weight = around.near.x * around.near.y * around.near.z;
    #endif
    let is_inside = all(corner >= vec3i(0)) && all(corner < size);
    let pixel = u32((corner.z * size.y + corner.y) * size.x + corner.x);
    if (is_inside && pixel >= begin && pixel < end) { gx[plane * pixels + pixel] += weight * gy[plane * p.places + i]; }
    #if ${!t.nearest}
    }
    #endif
  }
}
`;
}
