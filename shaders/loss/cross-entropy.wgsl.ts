// y[n, i] = w * (1 - P)^gamma * (log(sum over k of exp(x[n, k, i])) - log(sum over admitted k of exp(x[n, k, i])))
// P = the probability of the admitted classes: those of labels[n, i]; w = their weight of weights[n, ...]. 0 where the label
// is ignored, NaN where it is unknown. x [N, C, ...]; labels and y [N, ...]; weights [N, C]. One invocation per element of y.
import { unaryFunction } from "../wgsl/functions.ts";
import { type LabelForm, labelFunctions, labelSpec, labelWeight } from "../wgsl/labels.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup } from "../wgsl/strided.ts";
import { numbered, structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk over [N, pixels]; array `w` is an item's place in weights. */
export interface CrossEntropyTemplate extends StridedTemplate {
  readonly storage: Storage;
  readonly labels: LabelForm;
  readonly weights: boolean;
  /** Whether gamma is not 0. */
  readonly focal: boolean;
}

export function crossEntropySpec(t: StridedTemplate) {
  return { ...stridedSpec(t), ...labelSpec, class_stride: "u32", gamma: "f32" } as const;
}

export function crossEntropyShader(t: CrossEntropyTemplate): string {
  const bindings = [
    "var<storage, read> x: array<Element>;",
    "var<storage, read> labels: array<u32>;",
    ...(t.weights ? ["var<storage, read> weights: array<f32>;"] : []),
    "var<storage, read_write> y: array<f32>;",
    "var<uniform> p: Params;",
  ];
  return wgsl`
${storageTypes(t.storage)}
${structParams(crossEntropySpec(t))}
${numbered(bindings)}
${crossEntropyFunctions(t)}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  let label = labels[labels_at];
  if (is_ignored(label)) { y[y_at] = 0.0; return; }
  if (!is_known(label)) { y[y_at] = not_a_number(label); return; }
  let s = sums_of(x_at, label);
  y[y_at] = weight_of(label, ${t.weights ? "w_at" : "0u"}) * focus(s.rest / s.sum, p.gamma) * loss_of(s);
}
`;
}

/** What the operator and its gradient share. */
export function crossEntropyFunctions(t: CrossEntropyTemplate): string {
  return wgsl`
${labelFunctions(t.labels)}
${labelWeight(t.labels, t.weights)}
${unaryFunction({ kind: "exp" }, { name: "safe_exp", width: 1 })}
${unaryFunction({ kind: "log" }, { name: "safe_log", width: 1 })}

// Of all classes and of the admitted ones: the largest logit, and the sum of exp(logit - that); rest is the part of sum
// that is not admitted: 1 - P would lose its digits near P = 1.
struct Sums { largest: f32, sum: f32, admitted: f32, admitted_sum: f32, rest: f32 }

fn logit(x_at: u32, k: u32) -> f32 { return f32(x[x_at + k * p.class_stride]); }

fn sums_of(x_at: u32, label: u32) -> Sums {
  var s = Sums(logit(x_at, 0u), 0.0, logit(x_at, first_admitted(label)), ${t.labels === "index" ? "1.0" : "0.0"}, 0.0);
  for (var k = 0u; k < p.classes; k++) {
    let v = logit(x_at, k);
    s.largest = select(s.largest, v, v > s.largest);
    #if ${t.labels === "sets"}
    s.admitted = select(s.admitted, v, v > s.admitted && admits(label, k));
    #endif
  }
  for (var k = 0u; k < p.classes; k++) {
    let v = logit(x_at, k);
    let e = safe_exp(v - s.largest);
    s.sum += e;
    #if ${t.focal}
    s.rest += select(e, 0.0, admits(label, k));
    #endif
    #if ${t.labels === "sets"}
    s.admitted_sum += select(0.0, safe_exp(v - s.admitted), admits(label, k));
    #endif
  }
  return s;
}

fn loss_of(s: Sums) -> f32 {
  return (s.largest - s.admitted) + safe_log(s.sum)${t.labels === "sets" ? " - safe_log(s.admitted_sum)" : ""};
}

// rest^gamma. What pow makes of 0 differs by driver.
fn focus(rest: f32, gamma: f32) -> f32 {
  #if ${t.focal}
  return select(0.0, pow(rest, gamma), rest > 0.0);
  #else
  return 1.0;
  #endif
}
`;
}
