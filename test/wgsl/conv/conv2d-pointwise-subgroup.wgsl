// conv2d/pointwise-subgroup: pointwise, bias, residual, ReLU.
enable subgroups;
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  channels: u32,
  height: u32,
  width: u32,
  out_channels: u32,
  out_height: u32,
  out_width: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride_height: u32,
  stride_width: u32,
  pad_top: u32,
  pad_left: u32,
  dilation_height: u32,
  dilation_width: u32,
  groups: u32,
  items: u32,
  x_offset: u32,
  x_batch_stride: u32,
  residual_offset: u32,
  residual_batch_stride: u32,
  y_offset: u32,
  y_batch_stride: u32,
}
@group(0) @binding(0) var<storage, read> x: array<Element4>;
@group(0) @binding(1) var<storage, read> w: array<Element4>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<Element4>;
@group(0) @binding(4) var<storage, read_write> y: array<Element4>;
@group(0) @binding(5) var<uniform> p: Params;
fn activate(v: vec4<f32>) -> vec4<f32> {
  return select(v, vec4<f32>(0.0), v < vec4<f32>(0.0));
}

fn store(n: u32, k: u32, row: u32, q0: u32, sum: vec4f) {
  let element = (k * p.out_height + row) * p.out_width + q0;
  let y_at = p.y_offset + n * p.y_batch_stride + element;
  let residual_at = p.residual_offset + n * p.residual_batch_stride + element;
  var value = sum;
  value += bias[k];
  
  value += vec4f(residual[residual_at / 4u]);
  y[y_at / 4u] = stored4(activate(value));
  
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let blocks = (group_channels + 3u) / 4u;
  let tiles = (group_out_channels + 23u) / 24u;
  let group = id.y / tiles;
  let first = id.y % tiles * 24u;
  let packed = (group_out_channels + 7u) / 8u;
  let last = group_channels - 1u;
  let n = id.z;
  let q0 = (id.x * 8u + lane) * 4u;
  let plane = p.height * p.width;
  let out_plane = p.out_height * p.out_width;
  
  let pixel = min(q0, out_plane - 4u);
  
  var x_at = p.x_offset + n * p.x_batch_stride + group * group_channels * plane;
  var w_at0 = (group * packed + min(first / 8u + 0u, packed - 1u)) * blocks * 8u + lane;
  var w_at1 = (group * packed + min(first / 8u + 1u, packed - 1u)) * blocks * 8u + lane;
  var w_at2 = (group * packed + min(first / 8u + 2u, packed - 1u)) * blocks * 8u + lane;
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f(); var a4 = vec4f(); var a5 = vec4f(); var a6 = vec4f(); var a7 = vec4f(); var a8 = vec4f(); var a9 = vec4f(); var a10 = vec4f(); var a11 = vec4f(); var a12 = vec4f(); var a13 = vec4f(); var a14 = vec4f(); var a15 = vec4f(); var a16 = vec4f(); var a17 = vec4f(); var a18 = vec4f(); var a19 = vec4f(); var a20 = vec4f(); var a21 = vec4f(); var a22 = vec4f(); var a23 = vec4f();
  for (var c = 0u; c < group_channels; c += 4u) {
    let x0 = vec4f(x[(x_at + 0u * plane + pixel) / 4u]);
    let x1 = vec4f(x[(x_at + 1u * plane + pixel) / 4u]);
    let x2 = vec4f(x[(x_at + 2u * plane + pixel) / 4u]);
    let x3 = vec4f(x[(x_at + 3u * plane + pixel) / 4u]);
    let w0 = vec4f(w[w_at0]); w_at0 += 8u;
    let w1 = vec4f(w[w_at1]); w_at1 += 8u;
    let w2 = vec4f(w[w_at2]); w_at2 += 8u;
    a0 = fma(x0, vec4f(subgroupShuffle(w0[0], 0u)), a0);
    a0 = fma(x1, vec4f(subgroupShuffle(w0[1], 0u)), a0);
    a0 = fma(x2, vec4f(subgroupShuffle(w0[2], 0u)), a0);
    a0 = fma(x3, vec4f(subgroupShuffle(w0[3], 0u)), a0);
    a1 = fma(x0, vec4f(subgroupShuffle(w0[0], 1u)), a1);
    a1 = fma(x1, vec4f(subgroupShuffle(w0[1], 1u)), a1);
    a1 = fma(x2, vec4f(subgroupShuffle(w0[2], 1u)), a1);
    a1 = fma(x3, vec4f(subgroupShuffle(w0[3], 1u)), a1);
    a2 = fma(x0, vec4f(subgroupShuffle(w0[0], 2u)), a2);
    a2 = fma(x1, vec4f(subgroupShuffle(w0[1], 2u)), a2);
    a2 = fma(x2, vec4f(subgroupShuffle(w0[2], 2u)), a2);
    a2 = fma(x3, vec4f(subgroupShuffle(w0[3], 2u)), a2);
    a3 = fma(x0, vec4f(subgroupShuffle(w0[0], 3u)), a3);
    a3 = fma(x1, vec4f(subgroupShuffle(w0[1], 3u)), a3);
    a3 = fma(x2, vec4f(subgroupShuffle(w0[2], 3u)), a3);
    a3 = fma(x3, vec4f(subgroupShuffle(w0[3], 3u)), a3);
    a4 = fma(x0, vec4f(subgroupShuffle(w0[0], 4u)), a4);
    a4 = fma(x1, vec4f(subgroupShuffle(w0[1], 4u)), a4);
    a4 = fma(x2, vec4f(subgroupShuffle(w0[2], 4u)), a4);
    a4 = fma(x3, vec4f(subgroupShuffle(w0[3], 4u)), a4);
    a5 = fma(x0, vec4f(subgroupShuffle(w0[0], 5u)), a5);
    a5 = fma(x1, vec4f(subgroupShuffle(w0[1], 5u)), a5);
    a5 = fma(x2, vec4f(subgroupShuffle(w0[2], 5u)), a5);
    a5 = fma(x3, vec4f(subgroupShuffle(w0[3], 5u)), a5);
    a6 = fma(x0, vec4f(subgroupShuffle(w0[0], 6u)), a6);
    a6 = fma(x1, vec4f(subgroupShuffle(w0[1], 6u)), a6);
    a6 = fma(x2, vec4f(subgroupShuffle(w0[2], 6u)), a6);
    a6 = fma(x3, vec4f(subgroupShuffle(w0[3], 6u)), a6);
    a7 = fma(x0, vec4f(subgroupShuffle(w0[0], 7u)), a7);
    a7 = fma(x1, vec4f(subgroupShuffle(w0[1], 7u)), a7);
    a7 = fma(x2, vec4f(subgroupShuffle(w0[2], 7u)), a7);
    a7 = fma(x3, vec4f(subgroupShuffle(w0[3], 7u)), a7);
    a8 = fma(x0, vec4f(subgroupShuffle(w1[0], 0u)), a8);
    a8 = fma(x1, vec4f(subgroupShuffle(w1[1], 0u)), a8);
    a8 = fma(x2, vec4f(subgroupShuffle(w1[2], 0u)), a8);
    a8 = fma(x3, vec4f(subgroupShuffle(w1[3], 0u)), a8);
    a9 = fma(x0, vec4f(subgroupShuffle(w1[0], 1u)), a9);
    a9 = fma(x1, vec4f(subgroupShuffle(w1[1], 1u)), a9);
    a9 = fma(x2, vec4f(subgroupShuffle(w1[2], 1u)), a9);
    a9 = fma(x3, vec4f(subgroupShuffle(w1[3], 1u)), a9);
    a10 = fma(x0, vec4f(subgroupShuffle(w1[0], 2u)), a10);
    a10 = fma(x1, vec4f(subgroupShuffle(w1[1], 2u)), a10);
    a10 = fma(x2, vec4f(subgroupShuffle(w1[2], 2u)), a10);
    a10 = fma(x3, vec4f(subgroupShuffle(w1[3], 2u)), a10);
    a11 = fma(x0, vec4f(subgroupShuffle(w1[0], 3u)), a11);
    a11 = fma(x1, vec4f(subgroupShuffle(w1[1], 3u)), a11);
    a11 = fma(x2, vec4f(subgroupShuffle(w1[2], 3u)), a11);
    a11 = fma(x3, vec4f(subgroupShuffle(w1[3], 3u)), a11);
    a12 = fma(x0, vec4f(subgroupShuffle(w1[0], 4u)), a12);
    a12 = fma(x1, vec4f(subgroupShuffle(w1[1], 4u)), a12);
    a12 = fma(x2, vec4f(subgroupShuffle(w1[2], 4u)), a12);
    a12 = fma(x3, vec4f(subgroupShuffle(w1[3], 4u)), a12);
    a13 = fma(x0, vec4f(subgroupShuffle(w1[0], 5u)), a13);
    a13 = fma(x1, vec4f(subgroupShuffle(w1[1], 5u)), a13);
    a13 = fma(x2, vec4f(subgroupShuffle(w1[2], 5u)), a13);
    a13 = fma(x3, vec4f(subgroupShuffle(w1[3], 5u)), a13);
    a14 = fma(x0, vec4f(subgroupShuffle(w1[0], 6u)), a14);
    a14 = fma(x1, vec4f(subgroupShuffle(w1[1], 6u)), a14);
    a14 = fma(x2, vec4f(subgroupShuffle(w1[2], 6u)), a14);
    a14 = fma(x3, vec4f(subgroupShuffle(w1[3], 6u)), a14);
    a15 = fma(x0, vec4f(subgroupShuffle(w1[0], 7u)), a15);
    a15 = fma(x1, vec4f(subgroupShuffle(w1[1], 7u)), a15);
    a15 = fma(x2, vec4f(subgroupShuffle(w1[2], 7u)), a15);
    a15 = fma(x3, vec4f(subgroupShuffle(w1[3], 7u)), a15);
    a16 = fma(x0, vec4f(subgroupShuffle(w2[0], 0u)), a16);
    a16 = fma(x1, vec4f(subgroupShuffle(w2[1], 0u)), a16);
    a16 = fma(x2, vec4f(subgroupShuffle(w2[2], 0u)), a16);
    a16 = fma(x3, vec4f(subgroupShuffle(w2[3], 0u)), a16);
    a17 = fma(x0, vec4f(subgroupShuffle(w2[0], 1u)), a17);
    a17 = fma(x1, vec4f(subgroupShuffle(w2[1], 1u)), a17);
    a17 = fma(x2, vec4f(subgroupShuffle(w2[2], 1u)), a17);
    a17 = fma(x3, vec4f(subgroupShuffle(w2[3], 1u)), a17);
    a18 = fma(x0, vec4f(subgroupShuffle(w2[0], 2u)), a18);
    a18 = fma(x1, vec4f(subgroupShuffle(w2[1], 2u)), a18);
    a18 = fma(x2, vec4f(subgroupShuffle(w2[2], 2u)), a18);
    a18 = fma(x3, vec4f(subgroupShuffle(w2[3], 2u)), a18);
    a19 = fma(x0, vec4f(subgroupShuffle(w2[0], 3u)), a19);
    a19 = fma(x1, vec4f(subgroupShuffle(w2[1], 3u)), a19);
    a19 = fma(x2, vec4f(subgroupShuffle(w2[2], 3u)), a19);
    a19 = fma(x3, vec4f(subgroupShuffle(w2[3], 3u)), a19);
    a20 = fma(x0, vec4f(subgroupShuffle(w2[0], 4u)), a20);
    a20 = fma(x1, vec4f(subgroupShuffle(w2[1], 4u)), a20);
    a20 = fma(x2, vec4f(subgroupShuffle(w2[2], 4u)), a20);
    a20 = fma(x3, vec4f(subgroupShuffle(w2[3], 4u)), a20);
    a21 = fma(x0, vec4f(subgroupShuffle(w2[0], 5u)), a21);
    a21 = fma(x1, vec4f(subgroupShuffle(w2[1], 5u)), a21);
    a21 = fma(x2, vec4f(subgroupShuffle(w2[2], 5u)), a21);
    a21 = fma(x3, vec4f(subgroupShuffle(w2[3], 5u)), a21);
    a22 = fma(x0, vec4f(subgroupShuffle(w2[0], 6u)), a22);
    a22 = fma(x1, vec4f(subgroupShuffle(w2[1], 6u)), a22);
    a22 = fma(x2, vec4f(subgroupShuffle(w2[2], 6u)), a22);
    a22 = fma(x3, vec4f(subgroupShuffle(w2[3], 6u)), a22);
    a23 = fma(x0, vec4f(subgroupShuffle(w2[0], 7u)), a23);
    a23 = fma(x1, vec4f(subgroupShuffle(w2[1], 7u)), a23);
    a23 = fma(x2, vec4f(subgroupShuffle(w2[2], 7u)), a23);
    a23 = fma(x3, vec4f(subgroupShuffle(w2[3], 7u)), a23);
    x_at += 4u * plane;
  }
  if (q0 >= out_plane) { return; }
  // In a loop: every store that is written out compiles again.
  var sums = array<vec4f, 24>(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23);
  for (var i = 0u; i < min(24u, group_out_channels - first); i++) {
    store(n, group * group_out_channels + first + i, 0u, q0, sums[i]);
  }
}
