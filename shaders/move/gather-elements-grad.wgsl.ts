// gx[o.., s, n..] = sum of gy[o.., k, n..] over the places k with index[o.., k, n..] = s
// Indices are read as gatherElements reads them: a negative one counts from the end, one beyond the axis is its nearest element.
// gy f32 and index i32, K places along the axis, lie alike; gx f32, S elements along it. One invocation per line of gx along the
// axis, which no other writes: it adds the line's gradients in their order, so that K + S are touched, and not K * S.
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk over the lines: an array's strides are those of its axes, and none along the gathered one. */
export type GatherElementsGradientTemplate = StridedTemplate<"gy" | "gx">;

export function gatherElementsGradientSpec(t: GatherElementsGradientTemplate) {
  return { ...stridedSpec(t), size: "i32", places: "u32", gx_step: "u32", gy_step: "u32" } as const;
}

export function gatherElementsGradient(t: GatherElementsGradientTemplate): string {
  return wgsl`
${structParams(gatherElementsGradientSpec(t))}
@group(0) @binding(0) var<storage, read> gy: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> gx: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  for (var s = 0u; s < u32(p.size); s++) { gx[gx_at + s * p.gx_step] = 0.0; }
  for (var k = 0u; k < p.places; k++) {
    let place = gy_at + k * p.gy_step;
    let given = index[place];
    let s = u32(clamp(select(given, given + p.size, given < 0), 0, p.size - 1));
    gx[gx_at + s * p.gx_step] += gy[place];
  }
}
`;
}
