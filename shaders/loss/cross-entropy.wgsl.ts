// y[n, i] = w * (1 - P)^gamma * (log(sum over k of exp(x[n, k, i])) - log(sum over admitted k of exp(x[n, k, i])))
// P = the probability of the admitted classes: those of labels[n, i]; w = their weight of weights[n, ...].
// gx[n, k, i] = g[n, i] * w * d * (p_k - q_k), with L = -log(P), p_k = softmax of x over all classes, q_k = softmax over the
// admitted ones, 0 for others, d = r^gamma + gamma * r^(gamma - 1) * P * L with r = 1 - P; 1 where gamma is 0.
// Shapes and bindings: pixels.ts. One invocation per pixel, in both kernels.
import { unaryFunction } from "../wgsl/functions.ts";
import { labelWeight } from "../wgsl/labels.ts";
import type { PixelLoss, PixelTemplate } from "../wgsl/pixels.ts";
import { wgsl } from "../wgsl/wgsl.ts";

/** `focal`: whether gamma is not 0. */
export function crossEntropyLoss(t: PixelTemplate, { focal }: { readonly focal: boolean }): PixelLoss {
  const isSets = t.labels === "sets";
  const weight = `weight_of(label, ${t.weights ? "w_at" : "0u"})`;
  return {
    spec: { class_stride: "u32", gamma: "f32" },
    channels: "classes",
    functions: wgsl`
${labelWeight(t)}
${unaryFunction({ kind: "exp" }, { name: "safe_exp", width: 1 })}
${unaryFunction({ kind: "log" }, { name: "safe_log", width: 1 })}

// Of all classes and of the admitted ones: the largest logit, and the sum of exp(logit - that); rest is the part of sum
// that is not admitted: 1 - P would lose its digits near P = 1.
struct Sums { largest: f32, sum: f32, admitted: f32, admitted_sum: f32, rest: f32 }

fn sums_of(x_at: u32, label: u32) -> Sums {
  var s = Sums(logit(x_at, 0u), 0.0, logit(x_at, first_admitted(label)), ${isSets ? "0.0" : "1.0"}, 0.0);
  for (var k = 0u; k < p.classes; k++) {
    let v = logit(x_at, k);
    s.largest = select(s.largest, v, v > s.largest);
    #if ${isSets}
    s.admitted = select(s.admitted, v, v > s.admitted && admits(label, k));
    #endif
  }
  for (var k = 0u; k < p.classes; k++) {
    let v = logit(x_at, k);
    let e = safe_exp(v - s.largest);
    s.sum += e;
    #if ${focal}
    s.rest += select(e, 0.0, admits(label, k));
    #endif
    #if ${isSets}
    s.admitted_sum += select(0.0, safe_exp(v - s.admitted), admits(label, k));
    #endif
  }
  return s;
}

fn loss_of(s: Sums) -> f32 {
  return (s.largest - s.admitted) + safe_log(s.sum)${isSets ? " - safe_log(s.admitted_sum)" : ""};
}

// rest^gamma. What pow makes of 0 differs by driver.
fn focus(rest: f32, gamma: f32) -> f32 {
  #if ${focal}
  return select(0.0, pow(rest, gamma), rest > 0.0);
  #else
  return 1.0;
  #endif
}
`,
    loss: {
      statements: "let s = sums_of(x_at, label);",
      value: `${weight} * focus(s.rest / s.sum, p.gamma) * loss_of(s)`,
    },
    slope: {
      before: wgsl`let s = sums_of(x_at, label);
  var scale = g[g_at] * ${weight};
  #if ${focal}
  let rest = s.rest / s.sum;
  scale *= focus(rest, p.gamma) + p.gamma * focus(rest, p.gamma - 1.0) * (1.0 - rest) * loss_of(s);
  #endif`,
      statements: `var apart = safe_exp(v - s.largest) / s.sum;
    if (admits(label, k)) { apart -= ${isSets ? "safe_exp(v - s.admitted) / s.admitted_sum" : "1.0"}; }`,
      value: "scale * apart",
    },
  };
}
