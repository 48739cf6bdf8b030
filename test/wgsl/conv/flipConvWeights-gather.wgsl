// flipConvWeights/gather: one of everything.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  elements: u32,
  group_channels: u32,
  group_out_channels: u32,
  taps: u32,
  row: u32,
}
@group(0) @binding(0) var<storage, read> w: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
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
