// gx[r, k] = scale[r] * (gy[r, k] * weight[..] - a[r] - xh[r, k] * b[r]), xh[r, k] = (x[r, k] - mean[r]) * scale[r]
// x, gy and gx of the same shape; statistics [rows, 4]: mean, scale, and a and b, the means over a row of gy * weight and of
// gy * weight * xh; weight lies along any axes; both are f32 always. One invocation per element, or per four neighbours.
import { bind } from "../wgsl/norm-grad-fold.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import {
  elementType,
  loadedAs,
  type StridedTemplate,
  storedAs,
  stridedIndices,
  stridedSpec,
  stridedWorkgroup,
  vectorType,
} from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk over all elements; arrays g, x, s, w and y are gy, x, the statistics, weight and gx. */
export interface NormGradientTemplate extends StridedTemplate {
  readonly storage: Storage;
  readonly weight: boolean;
}

export function normGradientShader(t: NormGradientTemplate): string {
  const type = loadedAs(t.width);
  const arrays: Readonly<Record<string, 1 | 4>> = t.arrays;
  const weight = t.weight ? ` * ${type}(weight[w_at])` : "";
  return wgsl`
${storageTypes(t.storage)}
${structParams(stridedSpec(t))}
${bind([
  `var<storage, read> gy: array<${elementType(arrays.g!)}>;`,
  `var<storage, read> x: array<${elementType(arrays.x!)}>;`,
  "var<storage, read> statistics: array<f32>;",
  ...(t.weight ? [`var<storage, read> weight: array<${vectorType("f32", arrays.w!)}>;`] : []),
  `var<storage, read_write> gx: array<${elementType(arrays.y!)}>;`,
])}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  let scale = statistics[s_at + 1u];
  let normalized = (${type}(x[x_at]) - statistics[s_at]) * scale;
  let g = ${type}(gy[g_at])${weight};
  gx[y_at] = ${storedAs(t.width)}(scale * (g - statistics[s_at + 2u] - normalized * statistics[s_at + 3u]));
}
`;
}
