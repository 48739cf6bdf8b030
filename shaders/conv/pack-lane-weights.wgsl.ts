// y[g, t, b, i, v, l, e] = w of output channel k = t*lanes + l of group g, and of the tap that stands at 4*v + e in the
//   list of (input channel, kernel row, kernel column) of block b and step i; 0 beyond the channels and taps.
// w [K, C/G, R, S], or [C, K/G, R, S] for transposed convolutions; y [G, ceil(K/G/lanes), blocks, steps, vectors, lanes, 4].
// One invocation per four taps of a lane, over x and y of the grid. In training this runs in every step, so what divides is
// constant where it can be.
import { range } from "../wgsl/conv-taps.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export const packLaneWeightsParams = {
  group_channels: "u32", // C/G
  group_out_channels: "u32", // K/G
  groups: "u32", // G
  channel_tiles: "u32",
  row: "u32", // invocations along x of the grid
} as const;

export interface PackLaneWeightsTemplate {
  readonly storage: Storage;
  readonly transposed: boolean;
  readonly lanes: number;
  /** Input channels of a block. */
  readonly channelBlock: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  /** Parts of the kernel's rows, each of which begins with a vector of its own. */
  readonly steps: number;
  /** Of four taps, in a step of a block. */
  readonly vectors: number;
}

export const packLaneWeightsWorkgroup = 64;

export function packLaneWeights(t: PackLaneWeightsTemplate): string {
  const stepRows = t.kernelHeight / t.steps;
  const taps = t.kernelHeight * t.kernelWidth;
  const filter = t.transposed
    ? "(group * p.group_channels + c) * p.group_out_channels + k"
    : "(group * p.group_out_channels + k) * p.group_channels + c";
  return wgsl`
${storageTypes(t.storage)}
${structParams(packLaneWeightsParams)}
@group(0) @binding(0) var<storage, read> w: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element4>;
@group(0) @binding(2) var<uniform> p: Params;

fn tap(group: u32, k: u32, first_channel: u32, row: u32, place: u32) -> Element {
  let in_block = place / ${stepRows * t.kernelWidth}u;
  let c = first_channel + in_block;
  if (in_block >= ${t.channelBlock}u || c >= p.group_channels || k >= p.group_out_channels) { return Element(0.0); }
  return w[(${filter}) * ${taps}u + row * ${t.kernelWidth}u + place % ${stepRows * t.kernelWidth}u];
}

@compute @workgroup_size(${packLaneWeightsWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * p.row + id.x;
  let vector = i / ${t.lanes}u;
  let block = vector / ${t.vectors * t.steps}u;
  let blocks = (p.group_channels + ${t.channelBlock - 1}u) / ${t.channelBlock}u;
  let tile = block / blocks;
  let group = tile / p.channel_tiles;
  if (group >= p.groups) { return; }
  let first = vector % ${t.vectors}u * 4u;
  let row = vector / ${t.vectors}u % ${t.steps}u * ${stepRows}u;
  let c = (block - tile * blocks) * ${t.channelBlock}u;
  let k = (tile - group * p.channel_tiles) * ${t.lanes}u + i % ${t.lanes}u;
  y[i] = Element4(${range(4)
    .map((e) => `tap(group, k, c, row, first + ${e}u)`)
    .join(", ")});
}
`;
}
