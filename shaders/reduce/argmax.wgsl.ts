// y[...] = the first k at which x[..., k, ...] is largest; NaN is larger than every number, as in PyTorch
// x has one axis more than y, of length p.axis_size. One invocation per element of y.
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk over y, elements one by one. */
export interface ArgmaxTemplate extends StridedTemplate<"x" | "y"> {
  readonly storage: Storage;
}

export function argmaxSpec(t: StridedTemplate) {
  return { ...stridedSpec(t), axis_size: "u32", axis_stride: "u32" } as const;
}

export function argmaxShader(t: ArgmaxTemplate): string {
  return wgsl`
${storageTypes(t.storage)}
${structParams(argmaxSpec(t))}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<i32>;
@group(0) @binding(2) var<uniform> p: Params;

// Integers in the order of the floats: WGSL lets a compiler assume that no float is NaN.
fn order(v: f32) -> i32 {
  let bits = bitcast<u32>(v);
  let magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) { return 0x7fffffff; }
  return select(i32(magnitude), -i32(magnitude), bits != magnitude);
}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  var best = 0u;
  var largest = order(f32(x[x_at]));
  for (var k = 1u; k < p.axis_size; k++) {
    let candidate = order(f32(x[x_at + k * p.axis_stride]));
    if (candidate > largest) {
      largest = candidate;
      best = k;
    }
  }
  y[y_at] = i32(best);
}
`;
}
