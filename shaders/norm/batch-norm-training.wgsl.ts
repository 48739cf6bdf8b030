// mean[c] and variance[c] of x over n and all pixels, two passes; then
// y[n, c, ...] = act((x[n, c, ...] - mean[c]) / sqrt(variance[c] + eps) * gamma[c] + beta[c] + bias[c] + residual[n, c, ...])
// x, y, residual [N, C, ...]; gamma, beta, bias, mean, variance [C], f32. One workgroup per channel.
import { activateFunction } from "../wgsl/activation.ts";
import { type ChannelTemplate, channelFold, channelLoop, channelMain, channelParams } from "../wgsl/channel.ts";
import { type EpilogueTemplate, residualArray } from "../wgsl/conv-bindings.ts";
import { storageTypes } from "../wgsl/storage.ts";
import { numbered, structParams, wgsl } from "../wgsl/wgsl.ts";

export interface BatchNormTrainingTemplate extends ChannelTemplate, EpilogueTemplate {}

export const batchNormTrainingParams = { ...channelParams(["x", "residual", "y"]), eps: "f32" } as const;

export function batchNormTraining(t: BatchNormTrainingTemplate): string {
  const type = t.width === 4 ? "vec4f" : "f32";
  const element = t.width === 4 ? "Element4" : "Element";
  const read = (name: string, of: string) => `var<storage, read> ${name}: array<${of}>;`;
  const bindings = [read("x", element), read("gamma", "f32"), read("beta", "f32")];
  if (t.bias) bindings.push(read("bias", "f32"));
  if (t.residual === true) bindings.push(read("residual", element));
  bindings.push(
    `var<storage, read_write> y: array<${element}>;`,
    "var<storage, read_write> mean: array<f32>;",
    "var<storage, read_write> variance: array<f32>;",
    "var<uniform> p: Params;",
  );
  return wgsl`
${storageTypes(t.storage)}
${structParams(batchNormTrainingParams)}
${numbered(bindings)}
${activateFunction(t.activation, type)}
${channelFold("sum")}

${channelMain}
  let count = f32(p.items) * f32(p.plane);
  var partial = ${type}();
  ${channelLoop(t, ["x"], `partial += ${type}(x[x_at]);`)}
  let average = sum(${t.width === 4 ? "partial.x + partial.y + partial.z + partial.w" : "partial"}, lane) / count;
  partial = ${type}();
  ${channelLoop(t, ["x"], `let apart = ${type}(x[x_at]) - average; partial += apart * apart;`)}
  let spread = sum(${t.width === 4 ? "partial.x + partial.y + partial.z + partial.w" : "partial"}, lane) / count;
  if (lane == 0u) {
    mean[c] = average;
    variance[c] = spread;
  }
  let scale = gamma[c] / sqrt(spread + p.eps);
  let shift = beta[c]${t.bias ? " + bias[c]" : ""};
  ${channelLoop(
    t,
    t.residual ? ["x", "residual", "y"] : ["x", "y"],
    `y[y_at] = ${t.width === 4 ? "stored4" : "stored"}(activate((${type}(x[x_at]) - average) * scale + shift${
      t.residual ? ` + ${type}(${residualArray(t)}[residual_at])` : ""
    }));`,
  )}
}
`;
}
