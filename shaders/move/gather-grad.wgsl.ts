// gx[o, s, n] = sum of gy[o, k, n] over the places k of the index that name element s of the axis
// Indices are read as gather reads them: a negative one counts from the end, one beyond the axis is its nearest element.
// gx [O, S, N], gy [O, K, N]: axes before, at and behind the gathered one; index i32 [K]. One invocation per element of gx,
// which looks at the whole index, in order.
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { stridedWorkgroup } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export const gatherGradientParams = {
  count: "u32", // O * S * N
  size: "u32", // S
  inner: "u32", // N
  places: "u32", // K
} as const;

export function gatherGradient(storage: Storage): string {
  return wgsl`
${storageTypes(storage)}
${structParams(gatherGradientParams)}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> gx: array<Element>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * ${stridedWorkgroup}u + id.x;
  if (at >= p.count) { return; }
  let n = at % p.inner;
  let s = i32(at / p.inner % p.size);
  let first = at / p.inner / p.size * p.places * p.inner + n;
  let size = i32(p.size);
  var sum = 0.0;
  for (var k = 0u; k < p.places; k++) {
    let given = index[k];
    if (clamp(select(given, given + size, given < 0), 0, size - 1) == s) { sum += f32(gy[first + k * p.inner]); }
  }
  gx[at] = stored(sum);
}
`;
}
