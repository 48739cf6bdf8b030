// y[c, r, s, k] = w[k, c, r, s], or w[c, k, r, s] for transposed convolutions; 0 where k >= K.
// w [K, C, R, S] or [C, K, R, S]; y [C, R, S, Kp], so that neighbouring output channels are one vec4.
// One invocation per element of y, over x and y of the grid.
import { structParams, wgsl } from "./wgsl.ts";

export const packConvWeightsParams = {
  channels: "u32", // C
  out_channels: "u32", // K
  padded_out_channels: "u32", // Kp
  taps: "u32", // R * S
  row: "u32", // invocations along x of the grid
} as const;

export const packConvWeightsWorkgroup = 64;

export function packConvWeights(t: { readonly transposed: boolean }): string {
  return wgsl`
${structParams(packConvWeightsParams)}
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(${packConvWeightsWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let element = id.y * p.row + id.x;
  let k = element % p.padded_out_channels;
  let tap = element / p.padded_out_channels % p.taps;
  let c = element / p.padded_out_channels / p.taps;
  if (c >= p.channels) { return; }
  #if ${t.transposed}
  let source = (c * p.out_channels + k) * p.taps + tap;
  #else
  let source = (k * p.channels + c) * p.taps + tap;
  #endif
  var value = 0.0;
  if (k < p.out_channels) { value = w[source]; }
  y[element] = value;
}
`;
}
