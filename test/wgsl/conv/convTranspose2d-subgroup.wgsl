// convTranspose2d/subgroup: bias, residual and ReLU.
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
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> w: array<Element4>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<Element4>;
@group(0) @binding(4) var<storage, read_write> y: array<Element4>;
@group(0) @binding(5) var<uniform> p: Params;
fn activate(v: vec4<f32>) -> vec4<f32> {
  return select(v, vec4<f32>(0.0), v < vec4<f32>(0.0));
}

fn store(n: u32, k: u32, row: u32, column: u32, sum: vec4f) {
  if (row >= p.out_height || column >= p.out_width) { return; }
  let element = (k * p.out_height + row) * p.out_width + column;
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
  let tiles = (group_out_channels + 7u) / 8u;
  let group = id.z / tiles % p.groups;
  let n = id.z / tiles / p.groups;
  let q0 = id.x * 8u;
  let p0 = id.y * 4u;
  
  let row0 = i32(p0 / 2u);
  let column0 = i32(q0 / 2u);
  
  let plane = p.height * p.width;
  let e0 = min(0u + lane, 14u); let c0 = e0 / 15u;
  let h0 = row0 + 0 + i32((e0 % 15u / 5u)) * 1;
  let v0 = column0 + 0 + i32((e0 % 5u)) * 1;
  let in0 = v0 >= 0 && v0 < i32(p.width) && h0 >= 0 && h0 < i32(p.height);
  let o0 = c0 * plane + u32(h0 * i32(p.width) + v0);
  let e1 = min(8u + lane, 14u); let c1 = e1 / 15u;
  let h1 = row0 + 0 + i32((e1 % 15u / 5u)) * 1;
  let v1 = column0 + 0 + i32((e1 % 5u)) * 1;
  let in1 = v1 >= 0 && v1 < i32(p.width) && h1 >= 0 && h1 < i32(p.height);
  let o1 = c1 * plane + u32(h1 * i32(p.width) + v1);
  var a0_0 = 0.0; var a0_1 = 0.0; var a0_2 = 0.0; var a0_3 = 0.0; var a0_4 = 0.0; var a0_5 = 0.0; var a0_6 = 0.0; var a0_7 = 0.0; var a1_0 = 0.0; var a1_1 = 0.0; var a1_2 = 0.0; var a1_3 = 0.0; var a1_4 = 0.0; var a1_5 = 0.0; var a1_6 = 0.0; var a1_7 = 0.0; var a2_0 = 0.0; var a2_1 = 0.0; var a2_2 = 0.0; var a2_3 = 0.0; var a2_4 = 0.0; var a2_5 = 0.0; var a2_6 = 0.0; var a2_7 = 0.0; var a3_0 = 0.0; var a3_1 = 0.0; var a3_2 = 0.0; var a3_3 = 0.0; var a3_4 = 0.0; var a3_5 = 0.0; var a3_6 = 0.0; var a3_7 = 0.0;
  var x_plane = p.x_offset + n * p.x_batch_stride + group * group_channels * plane;
  let blocks = (group_channels + 0u) / 1u;
  var w_at = id.z % (tiles * p.groups) * blocks * 24u + lane;
  for (var c = 0u; c < group_channels; c += 1u) {
    for (var r = 0; r < 1; r++) {
      let down = r * 1;
      let x_row = x_plane + u32(down) * p.width;
      let x0 = select(0.0, f32(x[x_row + o0]), in0);
      let x1 = select(0.0, f32(x[x_row + o1]), in1);
      let w0 = vec4f(w[w_at + 0u]); let w1 = vec4f(w[w_at + 8u]); let w2 = vec4f(w[w_at + 16u]);
      let v0 = subgroupBroadcast(x0, 0u); a0_0 += v0 * w1[0]; a0_1 += v0 * w1[1]; a1_0 += v0 * w1[3]; a1_1 += v0 * w2[0];
      let v1 = subgroupBroadcast(x0, 1u); a0_1 += v1 * w0[3]; a0_2 += v1 * w1[0]; a0_3 += v1 * w1[1]; a1_1 += v1 * w1[2]; a1_2 += v1 * w1[3]; a1_3 += v1 * w2[0];
      let v2 = subgroupBroadcast(x0, 2u); a0_3 += v2 * w0[3]; a0_4 += v2 * w1[0]; a0_5 += v2 * w1[1]; a1_3 += v2 * w1[2]; a1_4 += v2 * w1[3]; a1_5 += v2 * w2[0];
      let v3 = subgroupBroadcast(x0, 3u); a0_5 += v3 * w0[3]; a0_6 += v3 * w1[0]; a0_7 += v3 * w1[1]; a1_5 += v3 * w1[2]; a1_6 += v3 * w1[3]; a1_7 += v3 * w2[0];
      let v4 = subgroupBroadcast(x0, 4u); a0_7 += v4 * w0[3]; a1_7 += v4 * w1[2];
      let v5 = subgroupBroadcast(x0, 5u); a1_0 += v5 * w0[1]; a1_1 += v5 * w0[2]; a2_0 += v5 * w1[0]; a2_1 += v5 * w1[1]; a3_0 += v5 * w1[3]; a3_1 += v5 * w2[0];
      let v6 = subgroupBroadcast(x0, 6u); a1_1 += v6 * w0[0]; a1_2 += v6 * w0[1]; a1_3 += v6 * w0[2]; a2_1 += v6 * w0[3]; a2_2 += v6 * w1[0]; a2_3 += v6 * w1[1]; a3_1 += v6 * w1[2]; a3_2 += v6 * w1[3]; a3_3 += v6 * w2[0];
      let v7 = subgroupBroadcast(x0, 7u); a1_3 += v7 * w0[0]; a1_4 += v7 * w0[1]; a1_5 += v7 * w0[2]; a2_3 += v7 * w0[3]; a2_4 += v7 * w1[0]; a2_5 += v7 * w1[1]; a3_3 += v7 * w1[2]; a3_4 += v7 * w1[3]; a3_5 += v7 * w2[0];
      let v8 = subgroupBroadcast(x1, 0u); a1_5 += v8 * w0[0]; a1_6 += v8 * w0[1]; a1_7 += v8 * w0[2]; a2_5 += v8 * w0[3]; a2_6 += v8 * w1[0]; a2_7 += v8 * w1[1]; a3_5 += v8 * w1[2]; a3_6 += v8 * w1[3]; a3_7 += v8 * w2[0];
      let v9 = subgroupBroadcast(x1, 1u); a1_7 += v9 * w0[0]; a2_7 += v9 * w0[3]; a3_7 += v9 * w1[2];
      let v10 = subgroupBroadcast(x1, 2u); a3_0 += v10 * w0[1]; a3_1 += v10 * w0[2];
      let v11 = subgroupBroadcast(x1, 3u); a3_1 += v11 * w0[0]; a3_2 += v11 * w0[1]; a3_3 += v11 * w0[2];
      let v12 = subgroupBroadcast(x1, 4u); a3_3 += v12 * w0[0]; a3_4 += v12 * w0[1]; a3_5 += v12 * w0[2];
      let v13 = subgroupBroadcast(x1, 5u); a3_5 += v13 * w0[0]; a3_6 += v13 * w0[1]; a3_7 += v13 * w0[2];
      let v14 = subgroupBroadcast(x1, 6u); a3_7 += v14 * w0[0];
      w_at += 24u;
    }
    x_plane += 1u * plane;
  }
  let channel = id.z % tiles * 8u + lane;
  if (channel >= group_out_channels) { return; }
  let k = group * group_out_channels + channel;
  store(n, k, p0 + 0u, q0 + 0u, vec4f(a0_0,a0_1,a0_2,a0_3));
  store(n, k, p0 + 0u, q0 + 4u, vec4f(a0_4,a0_5,a0_6,a0_7));
  store(n, k, p0 + 1u, q0 + 0u, vec4f(a1_0,a1_1,a1_2,a1_3));
  store(n, k, p0 + 1u, q0 + 4u, vec4f(a1_4,a1_5,a1_6,a1_7));
  store(n, k, p0 + 2u, q0 + 0u, vec4f(a2_0,a2_1,a2_2,a2_3));
  store(n, k, p0 + 2u, q0 + 4u, vec4f(a2_4,a2_5,a2_6,a2_7));
  store(n, k, p0 + 3u, q0 + 0u, vec4f(a3_0,a3_1,a3_2,a3_3));
  store(n, k, p0 + 3u, q0 + 4u, vec4f(a3_4,a3_5,a3_6,a3_7));
}
