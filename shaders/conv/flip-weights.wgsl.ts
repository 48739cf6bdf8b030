// y[g*K/G + k, c, t] = w[g*C/G + c, k, T - 1 - t], with the T taps of a kernel in a row: flipped along every axis.
// w [C, K/G, R, S]; y [K, C/G, R, S]; volumes' kernels have one axis more.
// One invocation per element of y, over x and y of the grid.
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export const flipConvWeightsParams = {
  elements: "u32",
  group_channels: "u32", // C/G
  group_out_channels: "u32", // K/G
  taps: "u32", // R * S
  row: "u32", // invocations along x of the grid
} as const;

export const flipConvWeightsWorkgroup = 64;

export function flipConvWeights(t: { readonly storage: Storage }): string {
  return wgsl`
${storageTypes(t.storage)}
${structParams(flipConvWeightsParams)}
@group(0) @binding(0) var<storage, read> w: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(${flipConvWeightsWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let element = id.y * p.row + id.x;
  if (element >= p.elements) { return; }
  let tap = element % p.taps;
  let c = element / p.taps % p.group_channels;
  let out_channel = element / p.taps / p.group_channels;
  let channel = out_channel / p.group_out_channels * p.group_channels + c;
  let k = out_channel % p.group_out_channels;
  y[element] = w[(channel * p.group_out_channels + k) * p.taps + p.taps - 1u - tap];
}
`;
}
