// y[g, t, b, i, v, l, e] = w of output channel k = t*lanes + l of group g, and of the tap that stands at 4*v + e in the
//   list of (input channel, kernel row, kernel column) of block b and step i; 0 beyond the channels and taps.
// w [K, C/G, R, S], or [C, K/G, R, S] for transposed convolutions; y [G, ceil(K/G/lanes), blocks, steps, vectors, lanes, 4].
// One invocation per element of y, over x and y of the grid.
import { type Storage, storageTypes } from "./storage.ts";
import { structParams, wgsl } from "./wgsl.ts";

export const packLaneWeightsParams = {
  group_channels: "u32", // C/G
  group_out_channels: "u32", // K/G
  kernel_height: "u32", // R
  kernel_width: "u32", // S
  groups: "u32", // G
  channel_tiles: "u32",
  lanes: "u32",
  channel_block: "u32", // input channels of a block
  steps: "u32", // 1, or R: one kernel row each
  vectors: "u32",
  row: "u32", // invocations along x of the grid
} as const;

export const packLaneWeightsWorkgroup = 64;

export function packLaneWeights(t: { readonly storage: Storage; readonly transposed: boolean }): string {
  return wgsl`
${storageTypes(t.storage)}
${structParams(packLaneWeightsParams)}
@group(0) @binding(0) var<storage, read> w: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(${packLaneWeightsWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let element = id.y * p.row + id.x;
  let lane = element / 4u % p.lanes;
  let vector = element / 4u / p.lanes;
  let block = vector / p.vectors / p.steps;
  let blocks = (p.group_channels + p.channel_block - 1u) / p.channel_block;
  let group = block / blocks / p.channel_tiles;
  if (group >= p.groups) { return; }
  let place = vector % p.vectors * 4u + element % 4u;
  let step_rows = p.kernel_height / p.steps;
  let s = place % p.kernel_width;
  let r = vector / p.vectors % p.steps * step_rows + place / p.kernel_width % step_rows;
  let in_block = place / p.kernel_width / step_rows;
  let c = block % blocks * p.channel_block + in_block;
  let k = block / blocks % p.channel_tiles * p.lanes + lane;
  #if ${t.transposed}
  let filter_index = (group * p.group_channels + c) * p.group_out_channels + k;
  #else
  let filter_index = (group * p.group_out_channels + k) * p.group_channels + c;
  #endif
  var value = Element(0.0);
  if (in_block < p.channel_block && c < p.group_channels && k < p.group_out_channels) {
    value = w[(filter_index * p.kernel_height + r) * p.kernel_width + s];
  }
  y[element] = value;
}
`;
}
