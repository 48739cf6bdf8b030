// ggrid[n, i, a] = slope_a * sum over channels c and corners k of gy[n, c, i] * x[n, c, k] * side_a[k] * weights of k along the other axes
// The derivative of the linear grid sample with respect to the places; corners outside of the image are 0.
// gy [N, C, places]; x [N, C, D, H, W]; grid and ggrid f32 [N, places, axes] of (column, row, slice).
// One invocation per place.
import { type GridPlaces, gridGradientMain, gridGradientParams, gridPlaceFunctions } from "../wgsl/grid-places.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

/** `count` is N * places. */
export const gridSampleGridGradientParams = { count: "u32", ...gridGradientParams } as const;

export function gridSampleGridGradient(t: GridPlaces & { readonly storage: Storage }): string {
  const axes = t.volume ? 3 : 2;
  return wgsl`
${storageTypes(t.storage)}
${structParams(gridSampleGridGradientParams)}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> grid: array<f32>;
@group(0) @binding(3) var<storage, read_write> ggrid: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;
${gridPlaceFunctions(t)}

${gridGradientMain}
  let plane = p.depth * p.height * p.width;
  let first = at / p.places * p.channels;
  let place = place_in(at * ${axes}u, vec3u(size));
  var sum = vec3f();
  for (var i = 0u; i < ${2 ** axes}u; i++) {
    let corner = corner_of(place.at, i);
    if (any(corner.at < vec3i(0)) || any(corner.at >= size)) { continue; }
    let pixel = u32((corner.at.z * size.y + corner.at.y) * size.x + corner.at.x);
    var product = 0.0;
    for (var c = 0u; c < p.channels; c++) {
      product += f32(gy[(first + c) * p.places + at % p.places]) * f32(x[(first + c) * plane + pixel]);
    }
    sum += product * corner.side * corner.near.yxx * corner.near.zzy;
  }
  for (var axis = 0u; axis < ${axes}u; axis++) { ggrid[at * ${axes}u + axis] = place.slope[axis] * sum[axis]; }
}
`;
}
