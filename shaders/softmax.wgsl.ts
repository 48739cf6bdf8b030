// m = max over k of x[..., k, ...], s = sum over k of exp(x[..., k, ...] - m)
// softmax:     y[..., k, ...] = exp(x[..., k, ...] - m) / s
// log-softmax: y[..., k, ...] = x[..., k, ...] - m - log(s)
// x and y of the same shape. One invocation per column, that is all k; it sums in the order of k.
import { columnSpec } from "./columns.ts";
import { unaryFunction } from "./functions.ts";
import { type Storage, storageTypes } from "./storage.ts";
import { type StridedTemplate, stridedIndices, stridedWorkgroup } from "./strided.ts";
import { structParams, wgsl } from "./wgsl.ts";

/** A walk over the columns, one by one. */
export interface SoftmaxTemplate extends StridedTemplate<"x" | "y"> {
  readonly storage: Storage;
  readonly log: boolean;
}

export function softmaxShader(t: SoftmaxTemplate): string {
  return wgsl`
${storageTypes(t.storage)}
${structParams(columnSpec(t))}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;

${unaryFunction({ kind: "exp" }, { name: "safe_exp", width: 1 })}
${unaryFunction({ kind: "log" }, { name: "safe_log", width: 1 })}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  var largest = f32(x[x_at]);
  for (var k = 1u; k < p.axis_size; k++) {
    let v = f32(x[x_at + k * p.x_axis_stride]);
    largest = select(largest, v, v > largest);
  }
  var sum = 0.0;
  for (var k = 0u; k < p.axis_size; k++) {
    sum += safe_exp(f32(x[x_at + k * p.x_axis_stride]) - largest);
  }
  #if ${t.log}
  let log_sum = safe_log(sum);
  #endif
  for (var k = 0u; k < p.axis_size; k++) {
    let v = f32(x[x_at + k * p.x_axis_stride]) - largest;
    #if ${t.log}
    y[y_at + k * p.y_axis_stride] = stored(v - log_sum);
    #else
    y[y_at + k * p.y_axis_stride] = stored(safe_exp(v) / sum);
    #endif
  }
}
`;
}
