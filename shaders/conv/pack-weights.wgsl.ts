// y[g, c, r, s, k] = w[g*K/G + k, c, r, s], or w[g*C/G + c, k, r, s] for transposed convolutions; 0 where k >= K/G.
// w [K, C/G, R, S] or [C, K/G, R, S]; y [G, C/G, R, S, Kp], so that neighbouring output channels are one vec4.
// One invocation per element of y, over x and y of the grid.
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export const packConvWeightsParams = {
  groups: "u32", // G
  group_channels: "u32", // C/G
  group_out_channels: "u32", // K/G
  padded_out_channels: "u32", // Kp
  taps: "u32", // R * S
  row: "u32", // invocations along x of the grid
} as const;

export const packConvWeightsWorkgroup = 64;

export function packConvWeights(t: { readonly storage: Storage; readonly transposed: boolean }): string {
  return wgsl`
${storageTypes(t.storage)}
${structParams(packConvWeightsParams)}
@group(0) @binding(0) var<storage, read> w: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(${packConvWeightsWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let element = id.y * p.row + id.x;
  let k = element % p.padded_out_channels;
  let tap = element / p.padded_out_channels % p.taps;
  let channel = element / p.padded_out_channels / p.taps;
  if (channel >= p.groups * p.group_channels) { return; }
  #if ${t.transposed}
  let source = (channel * p.group_out_channels + k) * p.taps + tap;
  #else
  let group = channel / p.group_channels;
  let c = channel % p.group_channels;
  let source = ((group * p.group_out_channels + k) * p.group_channels + c) * p.taps + tap;
  #endif
  var value = Element(0.0);
  if (k < p.group_out_channels) { value = w[source]; }
  y[element] = value;
}
`;
}
