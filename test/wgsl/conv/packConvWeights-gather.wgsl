// packConvWeights/gather: for conv2d/gemm-32x32-4x4.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  groups: u32,
  group_channels: u32,
  group_out_channels: u32,
  padded_out_channels: u32,
  taps: u32,
  row: u32,
}
@group(0) @binding(0) var<storage, read> w: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let element = id.y * p.row + id.x;
  let k = element % p.padded_out_channels;
  let tap = element / p.padded_out_channels % p.taps;
  let channel = element / p.padded_out_channels / p.taps;
  if (channel >= p.groups * p.group_channels) { return; }
  
  let group = channel / p.group_channels;
  let c = channel % p.group_channels;
  let source = ((group * p.group_out_channels + k) * p.group_channels + c) * p.taps + tap;
  
  var value = Element(0.0);
  if (k < p.group_out_channels) { value = w[source]; }
  y[element] = value;
}
