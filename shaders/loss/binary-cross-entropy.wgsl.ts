// y[n, i] = sum over c of w * m * L with L = log(1 + exp(z)); z = -x[n, c, i] and w = weights[n, c] (or 1) where labels[n, i] is
// the class of channel c, z = x[n, c, i] and w = negative_weight elsewhere. Of r = sigmoid(z), the share that is wrong, m is
// plain: 1; focal: r^gamma; margin: 1 / max(|r - 0.5|, margin)^gamma.
// gx[n, c, i] = g[n, i] * w * d * dz/dx, with d for plain: r; focal: r^gamma * (r + gamma * (1 - r) * L); margin: m * r, m taken
// as a constant.
// Shapes and bindings: pixels.ts. One invocation per pixel, in both kernels.
import { unaryFunction } from "../wgsl/functions.ts";
import type { PixelLoss, PixelTemplate } from "../wgsl/pixels.ts";
import { wgsl } from "../wgsl/wgsl.ts";

export type BinaryFactor = "plain" | "focal" | "margin";

/** Of the parameters, `first_class` is the class of channel 0; `classes` are those that labels may name. */
export function binaryCrossEntropyLoss(t: PixelTemplate, { factor }: { readonly factor: BinaryFactor }): PixelLoss {
  const channel = `let is_own = label == p.first_class + k;
    let weight = channel_weight(${t.weights ? "w_at" : "0u"} + k, is_own);
    let z = select(v, -v, is_own);`;
  return {
    spec: {
      channels: "u32",
      first_class: "u32",
      class_stride: "u32",
      gamma: "f32",
      margin: "f32",
      negative_weight: "f32",
    },
    channels: "channels",
    functions: wgsl`
${unaryFunction({ kind: "softplus" }, { name: "softplus", width: 1 })}
${unaryFunction({ kind: "sigmoid" }, { name: "sigmoid", width: 1 })}

fn channel_weight(at: u32, is_own: bool) -> f32 {
  return select(p.negative_weight, ${t.weights ? "weights[at]" : "1.0"}, is_own);
}

fn factor(z: f32) -> f32 {
  #if ${factor === "focal"}
  return exp(-p.gamma * softplus(-z)); // log(sigmoid(z)) = -softplus(-z)
  #elif ${factor === "margin"}
  return pow(max(abs(sigmoid(z) - 0.5), p.margin), -p.gamma);
  #else
  return 1.0;
  #endif
}
`,
    loss: {
      statements: `var sum = 0.0;
  for (var k = 0u; k < p.channels; k++) {
    let v = logit(x_at, k);
    ${channel}
    sum += weight * factor(z) * softplus(z);
  }`,
      value: "sum",
    },
    slope: {
      statements: `${channel}
    let r = sigmoid(z);
    let slope = factor(z) * ${factor === "focal" ? "(r + p.gamma * (1.0 - r) * softplus(z))" : "r"};`,
      value: "g[g_at] * weight * select(slope, -slope, is_own)",
    },
  };
}
