// packLaneWeights/gather: for conv2d/subgroup.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  group_channels: u32,
  group_out_channels: u32,
  groups: u32,
  channel_tiles: u32,
  row: u32,
}
@group(0) @binding(0) var<storage, read> w: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element4>;
@group(0) @binding(2) var<uniform> p: Params;

fn tap(group: u32, k: u32, first_channel: u32, row: u32, place: u32) -> Element {
  let in_block = place / 9u;
  let c = first_channel + in_block;
  if (in_block >= 1u || c >= p.group_channels || k >= p.group_out_channels) { return Element(0.0); }
  return w[((group * p.group_out_channels + k) * p.group_channels + c) * 9u + row * 3u + place % 9u];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * p.row + id.x;
  let vector = i / 8u;
  let block = vector / 3u;
  let blocks = (p.group_channels + 0u) / 1u;
  let tile = block / blocks;
  let group = tile / p.channel_tiles;
  if (group >= p.groups) { return; }
  let first = vector % 3u * 4u;
  let row = vector / 3u % 1u * 3u;
  let c = (block - tile * blocks) * 1u;
  let k = (tile - group * p.channel_tiles) * 8u + i % 8u;
  y[i] = Element4(tap(group, k, c, row, first + 0u), tap(group, k, c, row, first + 1u), tap(group, k, c, row, first + 2u), tap(group, k, c, row, first + 3u));
}
