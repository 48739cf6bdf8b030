// With xhat = (x - mean[c]) / sqrt(variance[c] + eps) and M elements per channel:
// gbeta[c] = sum of gy;  ggamma[c] = sum of gy * xhat;  gx = gamma[c] / sqrt(variance[c] + eps) * (gy - gbeta[c] / M - xhat * ggamma[c] / M)
// gy, x, gx [N, C, ...]; the others [C], f32. One workgroup per channel.
// Source: S. Ioffe, C. Szegedy, Batch Normalization, 2015, section 3.
import { type ChannelTemplate, channelFold, channelLoop, channelMain, channelParams } from "../wgsl/channel.ts";
import { storageTypes } from "../wgsl/storage.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export const batchNormGradParams = { ...channelParams(["gy", "x", "gx"]), eps: "f32" } as const;

export function batchNormGrad(t: ChannelTemplate): string {
  const type = t.width === 4 ? "vec4f" : "f32";
  const element = t.width === 4 ? "Element4" : "Element";
  const across = (v: string) => (t.width === 4 ? `${v}.x + ${v}.y + ${v}.z + ${v}.w` : v);
  return wgsl`
${storageTypes(t.storage)}
${structParams(batchNormGradParams)}
@group(0) @binding(0) var<storage, read> gy: array<${element}>;
@group(0) @binding(1) var<storage, read> x: array<${element}>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> variance: array<f32>;
@group(0) @binding(5) var<storage, read_write> gx: array<${element}>;
@group(0) @binding(6) var<storage, read_write> ggamma: array<f32>;
@group(0) @binding(7) var<storage, read_write> gbeta: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;
${channelFold("sum")}

${channelMain}
  let count = f32(p.items) * f32(p.plane);
  let average = mean[c];
  let scale = 1.0 / sqrt(variance[c] + p.eps);
  var plain = ${type}();
  var weighted = ${type}();
  ${channelLoop(
    t,
    ["gy", "x"],
    `let g = ${type}(gy[gy_at]); plain += g; weighted += g * ((${type}(x[x_at]) - average) * scale);`,
  )}
  let shift_gradient = sum(${across("plain")}, lane);
  let scale_gradient = sum(${across("weighted")}, lane);
  if (lane == 0u) {
    ggamma[c] = scale_gradient;
    gbeta[c] = shift_gradient;
  }
  let factor = gamma[c] * scale;
  let mean_gradient = shift_gradient / count;
  let mean_weighted = scale_gradient / count;
  ${channelLoop(
    t,
    ["gy", "x", "gx"],
    `let xhat = (${type}(x[x_at]) - average) * scale;
      gx[gx_at] = ${t.width === 4 ? "stored4" : "stored"}(factor * (${type}(gy[gy_at]) - mean_gradient - xhat * mean_weighted));`,
  )}
}
`;
}
