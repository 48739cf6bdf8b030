// Per item n and channel c, over pixels i whose label is not ignored, with t = 1 where the label is channel c's class, else 0:
// intersection[n, c] = sum of q[n, c, i] * t, predicted[n, c] = sum of q[n, c, i] or of its square, labelled[n, c] = sum of t
// q [N, C, ...]; labels [N, ...]; the sums [N, C], f32; NaN where a label is unknown. One invocation per sum, or one workgroup.
import { foldFunction, rowIndex, soloRows } from "../wgsl/fold.ts";
import { labelFunctions, labelSpec } from "../wgsl/labels.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk over [N, C], axes not joined; arrays `q` and `labels` are a row's first elements. */
export interface ClassOverlapTemplate extends StridedTemplate {
  readonly storage: Storage;
  readonly squared: boolean;
  readonly lanes: number;
}

/** `first_class` is the class of channel 0; `classes` are those that labels may name. */
export function classOverlapSpec(t: StridedTemplate) {
  return { ...stridedSpec(t), ...labelSpec, pixels: "u32", first_class: "u32" } as const;
}

export function classOverlapShader(t: ClassOverlapTemplate): string {
  return wgsl`
${storageTypes(t.storage)}
${structParams(classOverlapSpec(t))}
@group(0) @binding(0) var<storage, read> q: array<Element>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> intersection: array<f32>;
@group(0) @binding(3) var<storage, read_write> predicted: array<f32>;
@group(0) @binding(4) var<storage, read_write> labelled: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;
${labelFunctions("index")}

var<private> first_label: u32;
var<private> own_class: u32;

fn terms_of(row: u32, k: u32) -> vec3f {
  let label = labels[first_label + k];
  if (is_ignored(label)) { return vec3f(); }
  if (!is_known(label)) { return vec3f(not_a_number(label)); }
  let v = f32(q[row + k]);
  let size = ${t.squared ? "v * v" : "v"};
  return select(vec3f(0.0, size, 0.0), vec3f(v, size, 1.0), label == own_class);
}
${foldFunction({ name: "sums", lanes: t.lanes, type: "vec3f", identity: "vec3f()", term: "terms_of(row, k)", combine: "a + b" })}

@compute @workgroup_size(${t.lanes > 1 ? t.lanes : soloRows})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  let lane = ${t.lanes > 1 ? "local" : "0u"};
  ${stridedIndices(t, rowIndex(t.lanes))}
  first_label = labels_at;
  own_class = p.first_class + i1;
  let total = sums(q_at, p.pixels, lane, vec3f());
  if (lane == 0u) {
    intersection[intersection_at] = total.x;
    predicted[predicted_at] = total.y;
    labelled[labelled_at] = total.z;
  }
}
`;
}
