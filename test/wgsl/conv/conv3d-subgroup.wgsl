// conv3d/subgroup: bias, residual and ReLU.
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
  depth: u32,
  slice_height: u32,
  out_depth: u32,
  out_slice_height: u32,
  slice_kernel_height: u32,
  stride_depth: u32,
  pad_front: u32,
  dilation_depth: u32,
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

fn store(n: u32, k: u32, slice: u32, row: u32, column: u32, sum: vec4f) {
  if (row >= p.out_slice_height || column >= p.out_width) { return; }
  let element = (k * p.out_height + slice * p.out_slice_height + row) * p.out_width + column;
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
  let tile_rows = (p.out_slice_height + 3u) / 4u;
  let z = id.y / tile_rows;
  let p0 = id.y % tile_rows * 4u;
  let slices = p.kernel_height / p.slice_kernel_height;
  
  let row0 = i32(p0 * 1u) - i32(p.pad_top);
  let column0 = i32(q0 * 1u) - i32(p.pad_left);
  
  let plane = p.slice_height * p.width;
  let e0 = min(0u + lane, 59u); let c0 = e0 / 60u;
  let h0 = row0 + 0 + i32((e0 % 60u / 10u)) * 1;
  let v0 = column0 + 0 + i32((e0 % 10u)) * 1;
  let in0 = v0 >= 0 && v0 < i32(p.width) && h0 >= 0 && h0 < i32(p.slice_height);
  let o0 = c0 * (p.depth * plane) + u32(h0 * i32(p.width) + v0);
  let e1 = min(8u + lane, 59u); let c1 = e1 / 60u;
  let h1 = row0 + 0 + i32((e1 % 60u / 10u)) * 1;
  let v1 = column0 + 0 + i32((e1 % 10u)) * 1;
  let in1 = v1 >= 0 && v1 < i32(p.width) && h1 >= 0 && h1 < i32(p.slice_height);
  let o1 = c1 * (p.depth * plane) + u32(h1 * i32(p.width) + v1);
  let e2 = min(16u + lane, 59u); let c2 = e2 / 60u;
  let h2 = row0 + 0 + i32((e2 % 60u / 10u)) * 1;
  let v2 = column0 + 0 + i32((e2 % 10u)) * 1;
  let in2 = v2 >= 0 && v2 < i32(p.width) && h2 >= 0 && h2 < i32(p.slice_height);
  let o2 = c2 * (p.depth * plane) + u32(h2 * i32(p.width) + v2);
  let e3 = min(24u + lane, 59u); let c3 = e3 / 60u;
  let h3 = row0 + 0 + i32((e3 % 60u / 10u)) * 1;
  let v3 = column0 + 0 + i32((e3 % 10u)) * 1;
  let in3 = v3 >= 0 && v3 < i32(p.width) && h3 >= 0 && h3 < i32(p.slice_height);
  let o3 = c3 * (p.depth * plane) + u32(h3 * i32(p.width) + v3);
  let e4 = min(32u + lane, 59u); let c4 = e4 / 60u;
  let h4 = row0 + 0 + i32((e4 % 60u / 10u)) * 1;
  let v4 = column0 + 0 + i32((e4 % 10u)) * 1;
  let in4 = v4 >= 0 && v4 < i32(p.width) && h4 >= 0 && h4 < i32(p.slice_height);
  let o4 = c4 * (p.depth * plane) + u32(h4 * i32(p.width) + v4);
  let e5 = min(40u + lane, 59u); let c5 = e5 / 60u;
  let h5 = row0 + 0 + i32((e5 % 60u / 10u)) * 1;
  let v5 = column0 + 0 + i32((e5 % 10u)) * 1;
  let in5 = v5 >= 0 && v5 < i32(p.width) && h5 >= 0 && h5 < i32(p.slice_height);
  let o5 = c5 * (p.depth * plane) + u32(h5 * i32(p.width) + v5);
  let e6 = min(48u + lane, 59u); let c6 = e6 / 60u;
  let h6 = row0 + 0 + i32((e6 % 60u / 10u)) * 1;
  let v6 = column0 + 0 + i32((e6 % 10u)) * 1;
  let in6 = v6 >= 0 && v6 < i32(p.width) && h6 >= 0 && h6 < i32(p.slice_height);
  let o6 = c6 * (p.depth * plane) + u32(h6 * i32(p.width) + v6);
  let e7 = min(56u + lane, 59u); let c7 = e7 / 60u;
  let h7 = row0 + 0 + i32((e7 % 60u / 10u)) * 1;
  let v7 = column0 + 0 + i32((e7 % 10u)) * 1;
  let in7 = v7 >= 0 && v7 < i32(p.width) && h7 >= 0 && h7 < i32(p.slice_height);
  let o7 = c7 * (p.depth * plane) + u32(h7 * i32(p.width) + v7);
  var a0_0 = 0.0; var a0_1 = 0.0; var a0_2 = 0.0; var a0_3 = 0.0; var a0_4 = 0.0; var a0_5 = 0.0; var a0_6 = 0.0; var a0_7 = 0.0; var a1_0 = 0.0; var a1_1 = 0.0; var a1_2 = 0.0; var a1_3 = 0.0; var a1_4 = 0.0; var a1_5 = 0.0; var a1_6 = 0.0; var a1_7 = 0.0; var a2_0 = 0.0; var a2_1 = 0.0; var a2_2 = 0.0; var a2_3 = 0.0; var a2_4 = 0.0; var a2_5 = 0.0; var a2_6 = 0.0; var a2_7 = 0.0; var a3_0 = 0.0; var a3_1 = 0.0; var a3_2 = 0.0; var a3_3 = 0.0; var a3_4 = 0.0; var a3_5 = 0.0; var a3_6 = 0.0; var a3_7 = 0.0;
  var x_volume = p.x_offset + n * p.x_batch_stride + group * group_channels * (p.depth * plane);
  let blocks = (group_channels + 0u) / 1u;
  var w_at = id.z % (tiles * p.groups) * blocks * slices * 24u + lane;
  for (var c = 0u; c < group_channels; c += 1u) {
    for (var t = 0u; t < slices; t++) {
    let d = i32(z * p.stride_depth + t * p.dilation_depth) - i32(p.pad_front);
    if (d < 0 || d >= i32(p.depth)) { w_at += 24u; continue; }
    let x_plane = x_volume + u32(d) * plane;
    for (var r = 0; r < 1; r++) {
      let down = r * 1;
      let x_row = x_plane + u32(down) * p.width;
      let x0 = select(0.0, f32(x[x_row + o0]), in0);
      let x1 = select(0.0, f32(x[x_row + o1]), in1);
      let x2 = select(0.0, f32(x[x_row + o2]), in2);
      let x3 = select(0.0, f32(x[x_row + o3]), in3);
      let x4 = select(0.0, f32(x[x_row + o4]), in4);
      let x5 = select(0.0, f32(x[x_row + o5]), in5);
      let x6 = select(0.0, f32(x[x_row + o6]), in6);
      let x7 = select(0.0, f32(x[x_row + o7]), in7);
      let w0 = vec4f(w[w_at + 0u]); let w1 = vec4f(w[w_at + 8u]); let w2 = vec4f(w[w_at + 16u]);
      let v0 = subgroupBroadcast(x0, 0u); a0_0 += v0 * w0[0];
      let v1 = subgroupBroadcast(x0, 1u); a0_0 += v1 * w0[1]; a0_1 += v1 * w0[0];
      let v2 = subgroupBroadcast(x0, 2u); a0_0 += v2 * w0[2]; a0_1 += v2 * w0[1]; a0_2 += v2 * w0[0];
      let v3 = subgroupBroadcast(x0, 3u); a0_1 += v3 * w0[2]; a0_2 += v3 * w0[1]; a0_3 += v3 * w0[0];
      let v4 = subgroupBroadcast(x0, 4u); a0_2 += v4 * w0[2]; a0_3 += v4 * w0[1]; a0_4 += v4 * w0[0];
      let v5 = subgroupBroadcast(x0, 5u); a0_3 += v5 * w0[2]; a0_4 += v5 * w0[1]; a0_5 += v5 * w0[0];
      let v6 = subgroupBroadcast(x0, 6u); a0_4 += v6 * w0[2]; a0_5 += v6 * w0[1]; a0_6 += v6 * w0[0];
      let v7 = subgroupBroadcast(x0, 7u); a0_5 += v7 * w0[2]; a0_6 += v7 * w0[1]; a0_7 += v7 * w0[0];
      let v8 = subgroupBroadcast(x1, 0u); a0_6 += v8 * w0[2]; a0_7 += v8 * w0[1];
      let v9 = subgroupBroadcast(x1, 1u); a0_7 += v9 * w0[2];
      let v10 = subgroupBroadcast(x1, 2u); a0_0 += v10 * w0[3]; a1_0 += v10 * w0[0];
      let v11 = subgroupBroadcast(x1, 3u); a0_0 += v11 * w1[0]; a0_1 += v11 * w0[3]; a1_0 += v11 * w0[1]; a1_1 += v11 * w0[0];
      let v12 = subgroupBroadcast(x1, 4u); a0_0 += v12 * w1[1]; a0_1 += v12 * w1[0]; a0_2 += v12 * w0[3]; a1_0 += v12 * w0[2]; a1_1 += v12 * w0[1]; a1_2 += v12 * w0[0];
      let v13 = subgroupBroadcast(x1, 5u); a0_1 += v13 * w1[1]; a0_2 += v13 * w1[0]; a0_3 += v13 * w0[3]; a1_1 += v13 * w0[2]; a1_2 += v13 * w0[1]; a1_3 += v13 * w0[0];
      let v14 = subgroupBroadcast(x1, 6u); a0_2 += v14 * w1[1]; a0_3 += v14 * w1[0]; a0_4 += v14 * w0[3]; a1_2 += v14 * w0[2]; a1_3 += v14 * w0[1]; a1_4 += v14 * w0[0];
      let v15 = subgroupBroadcast(x1, 7u); a0_3 += v15 * w1[1]; a0_4 += v15 * w1[0]; a0_5 += v15 * w0[3]; a1_3 += v15 * w0[2]; a1_4 += v15 * w0[1]; a1_5 += v15 * w0[0];
      let v16 = subgroupBroadcast(x2, 0u); a0_4 += v16 * w1[1]; a0_5 += v16 * w1[0]; a0_6 += v16 * w0[3]; a1_4 += v16 * w0[2]; a1_5 += v16 * w0[1]; a1_6 += v16 * w0[0];
      let v17 = subgroupBroadcast(x2, 1u); a0_5 += v17 * w1[1]; a0_6 += v17 * w1[0]; a0_7 += v17 * w0[3]; a1_5 += v17 * w0[2]; a1_6 += v17 * w0[1]; a1_7 += v17 * w0[0];
      let v18 = subgroupBroadcast(x2, 2u); a0_6 += v18 * w1[1]; a0_7 += v18 * w1[0]; a1_6 += v18 * w0[2]; a1_7 += v18 * w0[1];
      let v19 = subgroupBroadcast(x2, 3u); a0_7 += v19 * w1[1]; a1_7 += v19 * w0[2];
      let v20 = subgroupBroadcast(x2, 4u); a0_0 += v20 * w1[2]; a1_0 += v20 * w0[3]; a2_0 += v20 * w0[0];
      let v21 = subgroupBroadcast(x2, 5u); a0_0 += v21 * w1[3]; a0_1 += v21 * w1[2]; a1_0 += v21 * w1[0]; a1_1 += v21 * w0[3]; a2_0 += v21 * w0[1]; a2_1 += v21 * w0[0];
      let v22 = subgroupBroadcast(x2, 6u); a0_0 += v22 * w2[0]; a0_1 += v22 * w1[3]; a0_2 += v22 * w1[2]; a1_0 += v22 * w1[1]; a1_1 += v22 * w1[0]; a1_2 += v22 * w0[3]; a2_0 += v22 * w0[2]; a2_1 += v22 * w0[1]; a2_2 += v22 * w0[0];
      let v23 = subgroupBroadcast(x2, 7u); a0_1 += v23 * w2[0]; a0_2 += v23 * w1[3]; a0_3 += v23 * w1[2]; a1_1 += v23 * w1[1]; a1_2 += v23 * w1[0]; a1_3 += v23 * w0[3]; a2_1 += v23 * w0[2]; a2_2 += v23 * w0[1]; a2_3 += v23 * w0[0];
      let v24 = subgroupBroadcast(x3, 0u); a0_2 += v24 * w2[0]; a0_3 += v24 * w1[3]; a0_4 += v24 * w1[2]; a1_2 += v24 * w1[1]; a1_3 += v24 * w1[0]; a1_4 += v24 * w0[3]; a2_2 += v24 * w0[2]; a2_3 += v24 * w0[1]; a2_4 += v24 * w0[0];
      let v25 = subgroupBroadcast(x3, 1u); a0_3 += v25 * w2[0]; a0_4 += v25 * w1[3]; a0_5 += v25 * w1[2]; a1_3 += v25 * w1[1]; a1_4 += v25 * w1[0]; a1_5 += v25 * w0[3]; a2_3 += v25 * w0[2]; a2_4 += v25 * w0[1]; a2_5 += v25 * w0[0];
      let v26 = subgroupBroadcast(x3, 2u); a0_4 += v26 * w2[0]; a0_5 += v26 * w1[3]; a0_6 += v26 * w1[2]; a1_4 += v26 * w1[1]; a1_5 += v26 * w1[0]; a1_6 += v26 * w0[3]; a2_4 += v26 * w0[2]; a2_5 += v26 * w0[1]; a2_6 += v26 * w0[0];
      let v27 = subgroupBroadcast(x3, 3u); a0_5 += v27 * w2[0]; a0_6 += v27 * w1[3]; a0_7 += v27 * w1[2]; a1_5 += v27 * w1[1]; a1_6 += v27 * w1[0]; a1_7 += v27 * w0[3]; a2_5 += v27 * w0[2]; a2_6 += v27 * w0[1]; a2_7 += v27 * w0[0];
      let v28 = subgroupBroadcast(x3, 4u); a0_6 += v28 * w2[0]; a0_7 += v28 * w1[3]; a1_6 += v28 * w1[1]; a1_7 += v28 * w1[0]; a2_6 += v28 * w0[2]; a2_7 += v28 * w0[1];
      let v29 = subgroupBroadcast(x3, 5u); a0_7 += v29 * w2[0]; a1_7 += v29 * w1[1]; a2_7 += v29 * w0[2];
      let v30 = subgroupBroadcast(x3, 6u); a1_0 += v30 * w1[2]; a2_0 += v30 * w0[3]; a3_0 += v30 * w0[0];
      let v31 = subgroupBroadcast(x3, 7u); a1_0 += v31 * w1[3]; a1_1 += v31 * w1[2]; a2_0 += v31 * w1[0]; a2_1 += v31 * w0[3]; a3_0 += v31 * w0[1]; a3_1 += v31 * w0[0];
      let v32 = subgroupBroadcast(x4, 0u); a1_0 += v32 * w2[0]; a1_1 += v32 * w1[3]; a1_2 += v32 * w1[2]; a2_0 += v32 * w1[1]; a2_1 += v32 * w1[0]; a2_2 += v32 * w0[3]; a3_0 += v32 * w0[2]; a3_1 += v32 * w0[1]; a3_2 += v32 * w0[0];
      let v33 = subgroupBroadcast(x4, 1u); a1_1 += v33 * w2[0]; a1_2 += v33 * w1[3]; a1_3 += v33 * w1[2]; a2_1 += v33 * w1[1]; a2_2 += v33 * w1[0]; a2_3 += v33 * w0[3]; a3_1 += v33 * w0[2]; a3_2 += v33 * w0[1]; a3_3 += v33 * w0[0];
      let v34 = subgroupBroadcast(x4, 2u); a1_2 += v34 * w2[0]; a1_3 += v34 * w1[3]; a1_4 += v34 * w1[2]; a2_2 += v34 * w1[1]; a2_3 += v34 * w1[0]; a2_4 += v34 * w0[3]; a3_2 += v34 * w0[2]; a3_3 += v34 * w0[1]; a3_4 += v34 * w0[0];
      let v35 = subgroupBroadcast(x4, 3u); a1_3 += v35 * w2[0]; a1_4 += v35 * w1[3]; a1_5 += v35 * w1[2]; a2_3 += v35 * w1[1]; a2_4 += v35 * w1[0]; a2_5 += v35 * w0[3]; a3_3 += v35 * w0[2]; a3_4 += v35 * w0[1]; a3_5 += v35 * w0[0];
      let v36 = subgroupBroadcast(x4, 4u); a1_4 += v36 * w2[0]; a1_5 += v36 * w1[3]; a1_6 += v36 * w1[2]; a2_4 += v36 * w1[1]; a2_5 += v36 * w1[0]; a2_6 += v36 * w0[3]; a3_4 += v36 * w0[2]; a3_5 += v36 * w0[1]; a3_6 += v36 * w0[0];
      let v37 = subgroupBroadcast(x4, 5u); a1_5 += v37 * w2[0]; a1_6 += v37 * w1[3]; a1_7 += v37 * w1[2]; a2_5 += v37 * w1[1]; a2_6 += v37 * w1[0]; a2_7 += v37 * w0[3]; a3_5 += v37 * w0[2]; a3_6 += v37 * w0[1]; a3_7 += v37 * w0[0];
      let v38 = subgroupBroadcast(x4, 6u); a1_6 += v38 * w2[0]; a1_7 += v38 * w1[3]; a2_6 += v38 * w1[1]; a2_7 += v38 * w1[0]; a3_6 += v38 * w0[2]; a3_7 += v38 * w0[1];
      let v39 = subgroupBroadcast(x4, 7u); a1_7 += v39 * w2[0]; a2_7 += v39 * w1[1]; a3_7 += v39 * w0[2];
      let v40 = subgroupBroadcast(x5, 0u); a2_0 += v40 * w1[2]; a3_0 += v40 * w0[3];
      let v41 = subgroupBroadcast(x5, 1u); a2_0 += v41 * w1[3]; a2_1 += v41 * w1[2]; a3_0 += v41 * w1[0]; a3_1 += v41 * w0[3];
      let v42 = subgroupBroadcast(x5, 2u); a2_0 += v42 * w2[0]; a2_1 += v42 * w1[3]; a2_2 += v42 * w1[2]; a3_0 += v42 * w1[1]; a3_1 += v42 * w1[0]; a3_2 += v42 * w0[3];
      let v43 = subgroupBroadcast(x5, 3u); a2_1 += v43 * w2[0]; a2_2 += v43 * w1[3]; a2_3 += v43 * w1[2]; a3_1 += v43 * w1[1]; a3_2 += v43 * w1[0]; a3_3 += v43 * w0[3];
      let v44 = subgroupBroadcast(x5, 4u); a2_2 += v44 * w2[0]; a2_3 += v44 * w1[3]; a2_4 += v44 * w1[2]; a3_2 += v44 * w1[1]; a3_3 += v44 * w1[0]; a3_4 += v44 * w0[3];
      let v45 = subgroupBroadcast(x5, 5u); a2_3 += v45 * w2[0]; a2_4 += v45 * w1[3]; a2_5 += v45 * w1[2]; a3_3 += v45 * w1[1]; a3_4 += v45 * w1[0]; a3_5 += v45 * w0[3];
      let v46 = subgroupBroadcast(x5, 6u); a2_4 += v46 * w2[0]; a2_5 += v46 * w1[3]; a2_6 += v46 * w1[2]; a3_4 += v46 * w1[1]; a3_5 += v46 * w1[0]; a3_6 += v46 * w0[3];
      let v47 = subgroupBroadcast(x5, 7u); a2_5 += v47 * w2[0]; a2_6 += v47 * w1[3]; a2_7 += v47 * w1[2]; a3_5 += v47 * w1[1]; a3_6 += v47 * w1[0]; a3_7 += v47 * w0[3];
      let v48 = subgroupBroadcast(x6, 0u); a2_6 += v48 * w2[0]; a2_7 += v48 * w1[3]; a3_6 += v48 * w1[1]; a3_7 += v48 * w1[0];
      let v49 = subgroupBroadcast(x6, 1u); a2_7 += v49 * w2[0]; a3_7 += v49 * w1[1];
      let v50 = subgroupBroadcast(x6, 2u); a3_0 += v50 * w1[2];
      let v51 = subgroupBroadcast(x6, 3u); a3_0 += v51 * w1[3]; a3_1 += v51 * w1[2];
      let v52 = subgroupBroadcast(x6, 4u); a3_0 += v52 * w2[0]; a3_1 += v52 * w1[3]; a3_2 += v52 * w1[2];
      let v53 = subgroupBroadcast(x6, 5u); a3_1 += v53 * w2[0]; a3_2 += v53 * w1[3]; a3_3 += v53 * w1[2];
      let v54 = subgroupBroadcast(x6, 6u); a3_2 += v54 * w2[0]; a3_3 += v54 * w1[3]; a3_4 += v54 * w1[2];
      let v55 = subgroupBroadcast(x6, 7u); a3_3 += v55 * w2[0]; a3_4 += v55 * w1[3]; a3_5 += v55 * w1[2];
      let v56 = subgroupBroadcast(x7, 0u); a3_4 += v56 * w2[0]; a3_5 += v56 * w1[3]; a3_6 += v56 * w1[2];
      let v57 = subgroupBroadcast(x7, 1u); a3_5 += v57 * w2[0]; a3_6 += v57 * w1[3]; a3_7 += v57 * w1[2];
      let v58 = subgroupBroadcast(x7, 2u); a3_6 += v58 * w2[0]; a3_7 += v58 * w1[3];
      let v59 = subgroupBroadcast(x7, 3u); a3_7 += v59 * w2[0];
      w_at += 24u;
    }
    }
    x_volume += 1u * (p.depth * plane);
  }
  let channel = id.z % tiles * 8u + lane;
  if (channel >= group_out_channels) { return; }
  let k = group * group_out_channels + channel;
  store(n, k, z, p0 + 0u, q0 + 0u, vec4f(a0_0,a0_1,a0_2,a0_3));
  store(n, k, z, p0 + 0u, q0 + 4u, vec4f(a0_4,a0_5,a0_6,a0_7));
  store(n, k, z, p0 + 1u, q0 + 0u, vec4f(a1_0,a1_1,a1_2,a1_3));
  store(n, k, z, p0 + 1u, q0 + 4u, vec4f(a1_4,a1_5,a1_6,a1_7));
  store(n, k, z, p0 + 2u, q0 + 0u, vec4f(a2_0,a2_1,a2_2,a2_3));
  store(n, k, z, p0 + 2u, q0 + 4u, vec4f(a2_4,a2_5,a2_6,a2_7));
  store(n, k, z, p0 + 3u, q0 + 0u, vec4f(a3_0,a3_1,a3_2,a3_3));
  store(n, k, z, p0 + 3u, q0 + 4u, vec4f(a3_4,a3_5,a3_6,a3_7));
}
