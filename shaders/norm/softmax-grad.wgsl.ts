// softmax:     gx[..., k, ...] = y[..., k, ...] * (gy[..., k, ...] - sum over k of gy * y)
// log-softmax: gx[..., k, ...] = gy[..., k, ...] - exp(y[..., k, ...]) * sum over k of gy
// gy, y and gx of the same shape. One invocation per column, that is all k; it sums in blocks, as softmax does.
import { columnSpec } from "../wgsl/columns.ts";
import { blockTerms } from "../wgsl/fold.ts";
import { unaryFunction } from "../wgsl/functions.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedWorkgroup } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk over the columns, one by one; arrays g, y and x are gy, y and gx. */
export interface SoftmaxGradientTemplate extends StridedTemplate {
  readonly storage: Storage;
  readonly log: boolean;
}

export function softmaxGradientShader(t: SoftmaxGradientTemplate): string {
  return wgsl`
${storageTypes(t.storage)}
${structParams(columnSpec(t))}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read> y: array<Element>;
@group(0) @binding(2) var<storage, read_write> gx: array<Element>;
@group(0) @binding(3) var<uniform> p: Params;

${unaryFunction({ kind: "exp" }, { name: "safe_exp", width: 1 })}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  var sum = 0.0;
  for (var first = 0u; first < p.axis_size; first += ${blockTerms}u) {
    var block = 0.0;
    for (var k = first; k < min(p.axis_size, first + ${blockTerms}u); k++) {
      let g = f32(gy[g_at + k * p.g_axis_stride]);
      block += ${t.log ? "g" : "g * f32(y[y_at + k * p.y_axis_stride])"};
    }
    sum += block;
  }
  for (var k = 0u; k < p.axis_size; k++) {
    let g = f32(gy[g_at + k * p.g_axis_stride]);
    let v = f32(y[y_at + k * p.y_axis_stride]);
    gx[x_at + k * p.x_axis_stride] = stored(${t.log ? "g - safe_exp(v) * sum" : "v * (g - sum)"});
  }
}
`;
}
