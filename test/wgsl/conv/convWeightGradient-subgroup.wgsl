// convWeightGradient/subgroup: rows of 4 fit, tiles fit.
enable subgroups;
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
fn stored_sum(v: f32) -> f32 { return v; }
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
  parts: u32,
  gw_offset: u32,
  gw_channel_stride: u32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> gy: array<Element4>;
@group(0) @binding(2) var<storage, read_write> gw: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let index = id.y * grid.x + id.x;
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let k_tiles = (group_out_channels + 7u) / 8u;
  let c_tiles = (group_channels + 1u) / 2u;
  let r_tiles = p.kernel_height / 3u;
  let c0 = index % c_tiles * 2u;
  let r0 = index / c_tiles % r_tiles * 3u;
  let first = index / (c_tiles * r_tiles) % k_tiles * 8u + lane;
  let group = index / (c_tiles * r_tiles * k_tiles) % p.groups;
  let part = index / (c_tiles * r_tiles * k_tiles * p.groups);
  if (part >= p.parts) { return; }
  let plane = p.height * p.width;
  let out_plane = p.out_height * p.out_width;
  let k0 = group * group_out_channels + min(first, group_out_channels - 1u);
  let e0 = min(0u + lane, 47u);
  let h0 = 0 + i32((e0 % 24u / 6u)) * 1;
  let w0 = 0 + i32((e0 % 6u)) * 1;
  let x0_plane = min(c0 + e0 / 24u, group_channels - 1u) * plane;
  let e1 = min(8u + lane, 47u);
  let h1 = 0 + i32((e1 % 24u / 6u)) * 1;
  let w1 = 0 + i32((e1 % 6u)) * 1;
  let x1_plane = min(c0 + e1 / 24u, group_channels - 1u) * plane;
  let e2 = min(16u + lane, 47u);
  let h2 = 0 + i32((e2 % 24u / 6u)) * 1;
  let w2 = 0 + i32((e2 % 6u)) * 1;
  let x2_plane = min(c0 + e2 / 24u, group_channels - 1u) * plane;
  let e3 = min(24u + lane, 47u);
  let h3 = 0 + i32((e3 % 24u / 6u)) * 1;
  let w3 = 0 + i32((e3 % 6u)) * 1;
  let x3_plane = min(c0 + e3 / 24u, group_channels - 1u) * plane;
  let e4 = min(32u + lane, 47u);
  let h4 = 0 + i32((e4 % 24u / 6u)) * 1;
  let w4 = 0 + i32((e4 % 6u)) * 1;
  let x4_plane = min(c0 + e4 / 24u, group_channels - 1u) * plane;
  let e5 = min(40u + lane, 47u);
  let h5 = 0 + i32((e5 % 24u / 6u)) * 1;
  let w5 = 0 + i32((e5 % 6u)) * 1;
  let x5_plane = min(c0 + e5 / 24u, group_channels - 1u) * plane;
  let all_rows = p.items * p.out_height;
  let part_rows = (all_rows + p.parts - 1u) / p.parts;
  let end = min(all_rows, (part + 1u) * part_rows);
  var a0_0_0_0 = 0.0; var a0_0_0_1 = 0.0; var a0_0_0_2 = 0.0; var a0_0_1_0 = 0.0; var a0_0_1_1 = 0.0; var a0_0_1_2 = 0.0; var a0_0_2_0 = 0.0; var a0_0_2_1 = 0.0; var a0_0_2_2 = 0.0; var a0_1_0_0 = 0.0; var a0_1_0_1 = 0.0; var a0_1_0_2 = 0.0; var a0_1_1_0 = 0.0; var a0_1_1_1 = 0.0; var a0_1_1_2 = 0.0; var a0_1_2_0 = 0.0; var a0_1_2_1 = 0.0; var a0_1_2_2 = 0.0;
  var row = part * part_rows;
  while (row < end) {
    let n = row / p.out_height;
    let z = row % p.out_height / p.out_height;
    let p0 = row % p.out_height;
    let tile_rows = min(min(p.out_height - p0, 2u), end - row);
    row += tile_rows;
    
    let d = 0;
    
    let row0 = i32(p0 * 1u + r0 % p.kernel_height * 1u) - i32(p.pad_top);
    let x_base = p.x_offset + n * p.x_batch_stride + group * group_channels * plane + u32(d) * p.height * p.width;
    let y_row = (z * p.out_height + p0) * p.out_width;
    let y_base = p.y_offset + n * p.y_batch_stride + k0 * out_plane + y_row;
    var a0_0_0_0_row = 0.0; var a0_0_0_1_row = 0.0; var a0_0_0_2_row = 0.0; var a0_0_1_0_row = 0.0; var a0_0_1_1_row = 0.0; var a0_0_1_2_row = 0.0; var a0_0_2_0_row = 0.0; var a0_0_2_1_row = 0.0; var a0_0_2_2_row = 0.0; var a0_1_0_0_row = 0.0; var a0_1_0_1_row = 0.0; var a0_1_0_2_row = 0.0; var a0_1_1_0_row = 0.0; var a0_1_1_1_row = 0.0; var a0_1_1_2_row = 0.0; var a0_1_2_0_row = 0.0; var a0_1_2_1_row = 0.0; var a0_1_2_2_row = 0.0;
    for (var q0 = 0u; q0 < p.out_width; q0 += 4u) {
      let column0 = i32(q0 * 1u) - i32(p.pad_left);
      let in0 = row0 + h0 >= 0 && row0 + h0 < i32(p.height) && column0 + w0 >= 0 && column0 + w0 < i32(p.width);
      let x0 = select(0.0, f32(x[x_base + x0_plane + u32((row0 + h0) * i32(p.width) + column0 + w0)]), in0);
      let in1 = row0 + h1 >= 0 && row0 + h1 < i32(p.height) && column0 + w1 >= 0 && column0 + w1 < i32(p.width);
      let x1 = select(0.0, f32(x[x_base + x1_plane + u32((row0 + h1) * i32(p.width) + column0 + w1)]), in1);
      let in2 = row0 + h2 >= 0 && row0 + h2 < i32(p.height) && column0 + w2 >= 0 && column0 + w2 < i32(p.width);
      let x2 = select(0.0, f32(x[x_base + x2_plane + u32((row0 + h2) * i32(p.width) + column0 + w2)]), in2);
      let in3 = row0 + h3 >= 0 && row0 + h3 < i32(p.height) && column0 + w3 >= 0 && column0 + w3 < i32(p.width);
      let x3 = select(0.0, f32(x[x_base + x3_plane + u32((row0 + h3) * i32(p.width) + column0 + w3)]), in3);
      let in4 = row0 + h4 >= 0 && row0 + h4 < i32(p.height) && column0 + w4 >= 0 && column0 + w4 < i32(p.width);
      let x4 = select(0.0, f32(x[x_base + x4_plane + u32((row0 + h4) * i32(p.width) + column0 + w4)]), in4);
      let in5 = row0 + h5 >= 0 && row0 + h5 < i32(p.height) && column0 + w5 >= 0 && column0 + w5 < i32(p.width);
      let x5 = select(0.0, f32(x[x_base + x5_plane + u32((row0 + h5) * i32(p.width) + column0 + w5)]), in5);
      let g0_0_0 = select(vec4f(), vec4f(gy[(y_base + 0u * out_plane + 0u * p.out_width + q0 + 0u) / 4u]), 0u < tile_rows && q0 + 0u < p.out_width);
      let g0_1_0 = select(vec4f(), vec4f(gy[(y_base + 0u * out_plane + 1u * p.out_width + q0 + 0u) / 4u]), 1u < tile_rows && q0 + 0u < p.out_width);
      let v0 = subgroupBroadcast(x0, 0u); a0_0_0_0_row += v0 * g0_0_0[0];
      let v1 = subgroupBroadcast(x0, 1u); a0_0_0_1_row += v1 * g0_0_0[0]; a0_0_0_0_row += v1 * g0_0_0[1];
      let v2 = subgroupBroadcast(x0, 2u); a0_0_0_2_row += v2 * g0_0_0[0]; a0_0_0_1_row += v2 * g0_0_0[1]; a0_0_0_0_row += v2 * g0_0_0[2];
      let v3 = subgroupBroadcast(x0, 3u); a0_0_0_2_row += v3 * g0_0_0[1]; a0_0_0_1_row += v3 * g0_0_0[2]; a0_0_0_0_row += v3 * g0_0_0[3];
      let v4 = subgroupBroadcast(x0, 4u); a0_0_0_2_row += v4 * g0_0_0[2]; a0_0_0_1_row += v4 * g0_0_0[3];
      let v5 = subgroupBroadcast(x0, 5u); a0_0_0_2_row += v5 * g0_0_0[3];
      let v6 = subgroupBroadcast(x0, 6u); a0_0_1_0_row += v6 * g0_0_0[0]; a0_0_0_0_row += v6 * g0_1_0[0];
      let v7 = subgroupBroadcast(x0, 7u); a0_0_1_1_row += v7 * g0_0_0[0]; a0_0_1_0_row += v7 * g0_0_0[1]; a0_0_0_1_row += v7 * g0_1_0[0]; a0_0_0_0_row += v7 * g0_1_0[1];
      let v8 = subgroupBroadcast(x1, 0u); a0_0_1_2_row += v8 * g0_0_0[0]; a0_0_1_1_row += v8 * g0_0_0[1]; a0_0_1_0_row += v8 * g0_0_0[2]; a0_0_0_2_row += v8 * g0_1_0[0]; a0_0_0_1_row += v8 * g0_1_0[1]; a0_0_0_0_row += v8 * g0_1_0[2];
      let v9 = subgroupBroadcast(x1, 1u); a0_0_1_2_row += v9 * g0_0_0[1]; a0_0_1_1_row += v9 * g0_0_0[2]; a0_0_1_0_row += v9 * g0_0_0[3]; a0_0_0_2_row += v9 * g0_1_0[1]; a0_0_0_1_row += v9 * g0_1_0[2]; a0_0_0_0_row += v9 * g0_1_0[3];
      let v10 = subgroupBroadcast(x1, 2u); a0_0_1_2_row += v10 * g0_0_0[2]; a0_0_1_1_row += v10 * g0_0_0[3]; a0_0_0_2_row += v10 * g0_1_0[2]; a0_0_0_1_row += v10 * g0_1_0[3];
      let v11 = subgroupBroadcast(x1, 3u); a0_0_1_2_row += v11 * g0_0_0[3]; a0_0_0_2_row += v11 * g0_1_0[3];
      let v12 = subgroupBroadcast(x1, 4u); a0_0_2_0_row += v12 * g0_0_0[0]; a0_0_1_0_row += v12 * g0_1_0[0];
      let v13 = subgroupBroadcast(x1, 5u); a0_0_2_1_row += v13 * g0_0_0[0]; a0_0_2_0_row += v13 * g0_0_0[1]; a0_0_1_1_row += v13 * g0_1_0[0]; a0_0_1_0_row += v13 * g0_1_0[1];
      let v14 = subgroupBroadcast(x1, 6u); a0_0_2_2_row += v14 * g0_0_0[0]; a0_0_2_1_row += v14 * g0_0_0[1]; a0_0_2_0_row += v14 * g0_0_0[2]; a0_0_1_2_row += v14 * g0_1_0[0]; a0_0_1_1_row += v14 * g0_1_0[1]; a0_0_1_0_row += v14 * g0_1_0[2];
      let v15 = subgroupBroadcast(x1, 7u); a0_0_2_2_row += v15 * g0_0_0[1]; a0_0_2_1_row += v15 * g0_0_0[2]; a0_0_2_0_row += v15 * g0_0_0[3]; a0_0_1_2_row += v15 * g0_1_0[1]; a0_0_1_1_row += v15 * g0_1_0[2]; a0_0_1_0_row += v15 * g0_1_0[3];
      let v16 = subgroupBroadcast(x2, 0u); a0_0_2_2_row += v16 * g0_0_0[2]; a0_0_2_1_row += v16 * g0_0_0[3]; a0_0_1_2_row += v16 * g0_1_0[2]; a0_0_1_1_row += v16 * g0_1_0[3];
      let v17 = subgroupBroadcast(x2, 1u); a0_0_2_2_row += v17 * g0_0_0[3]; a0_0_1_2_row += v17 * g0_1_0[3];
      let v18 = subgroupBroadcast(x2, 2u); a0_0_2_0_row += v18 * g0_1_0[0];
      let v19 = subgroupBroadcast(x2, 3u); a0_0_2_1_row += v19 * g0_1_0[0]; a0_0_2_0_row += v19 * g0_1_0[1];
      let v20 = subgroupBroadcast(x2, 4u); a0_0_2_2_row += v20 * g0_1_0[0]; a0_0_2_1_row += v20 * g0_1_0[1]; a0_0_2_0_row += v20 * g0_1_0[2];
      let v21 = subgroupBroadcast(x2, 5u); a0_0_2_2_row += v21 * g0_1_0[1]; a0_0_2_1_row += v21 * g0_1_0[2]; a0_0_2_0_row += v21 * g0_1_0[3];
      let v22 = subgroupBroadcast(x2, 6u); a0_0_2_2_row += v22 * g0_1_0[2]; a0_0_2_1_row += v22 * g0_1_0[3];
      let v23 = subgroupBroadcast(x2, 7u); a0_0_2_2_row += v23 * g0_1_0[3];
      let v24 = subgroupBroadcast(x3, 0u); a0_1_0_0_row += v24 * g0_0_0[0];
      let v25 = subgroupBroadcast(x3, 1u); a0_1_0_1_row += v25 * g0_0_0[0]; a0_1_0_0_row += v25 * g0_0_0[1];
      let v26 = subgroupBroadcast(x3, 2u); a0_1_0_2_row += v26 * g0_0_0[0]; a0_1_0_1_row += v26 * g0_0_0[1]; a0_1_0_0_row += v26 * g0_0_0[2];
      let v27 = subgroupBroadcast(x3, 3u); a0_1_0_2_row += v27 * g0_0_0[1]; a0_1_0_1_row += v27 * g0_0_0[2]; a0_1_0_0_row += v27 * g0_0_0[3];
      let v28 = subgroupBroadcast(x3, 4u); a0_1_0_2_row += v28 * g0_0_0[2]; a0_1_0_1_row += v28 * g0_0_0[3];
      let v29 = subgroupBroadcast(x3, 5u); a0_1_0_2_row += v29 * g0_0_0[3];
      let v30 = subgroupBroadcast(x3, 6u); a0_1_1_0_row += v30 * g0_0_0[0]; a0_1_0_0_row += v30 * g0_1_0[0];
      let v31 = subgroupBroadcast(x3, 7u); a0_1_1_1_row += v31 * g0_0_0[0]; a0_1_1_0_row += v31 * g0_0_0[1]; a0_1_0_1_row += v31 * g0_1_0[0]; a0_1_0_0_row += v31 * g0_1_0[1];
      let v32 = subgroupBroadcast(x4, 0u); a0_1_1_2_row += v32 * g0_0_0[0]; a0_1_1_1_row += v32 * g0_0_0[1]; a0_1_1_0_row += v32 * g0_0_0[2]; a0_1_0_2_row += v32 * g0_1_0[0]; a0_1_0_1_row += v32 * g0_1_0[1]; a0_1_0_0_row += v32 * g0_1_0[2];
      let v33 = subgroupBroadcast(x4, 1u); a0_1_1_2_row += v33 * g0_0_0[1]; a0_1_1_1_row += v33 * g0_0_0[2]; a0_1_1_0_row += v33 * g0_0_0[3]; a0_1_0_2_row += v33 * g0_1_0[1]; a0_1_0_1_row += v33 * g0_1_0[2]; a0_1_0_0_row += v33 * g0_1_0[3];
      let v34 = subgroupBroadcast(x4, 2u); a0_1_1_2_row += v34 * g0_0_0[2]; a0_1_1_1_row += v34 * g0_0_0[3]; a0_1_0_2_row += v34 * g0_1_0[2]; a0_1_0_1_row += v34 * g0_1_0[3];
      let v35 = subgroupBroadcast(x4, 3u); a0_1_1_2_row += v35 * g0_0_0[3]; a0_1_0_2_row += v35 * g0_1_0[3];
      let v36 = subgroupBroadcast(x4, 4u); a0_1_2_0_row += v36 * g0_0_0[0]; a0_1_1_0_row += v36 * g0_1_0[0];
      let v37 = subgroupBroadcast(x4, 5u); a0_1_2_1_row += v37 * g0_0_0[0]; a0_1_2_0_row += v37 * g0_0_0[1]; a0_1_1_1_row += v37 * g0_1_0[0]; a0_1_1_0_row += v37 * g0_1_0[1];
      let v38 = subgroupBroadcast(x4, 6u); a0_1_2_2_row += v38 * g0_0_0[0]; a0_1_2_1_row += v38 * g0_0_0[1]; a0_1_2_0_row += v38 * g0_0_0[2]; a0_1_1_2_row += v38 * g0_1_0[0]; a0_1_1_1_row += v38 * g0_1_0[1]; a0_1_1_0_row += v38 * g0_1_0[2];
      let v39 = subgroupBroadcast(x4, 7u); a0_1_2_2_row += v39 * g0_0_0[1]; a0_1_2_1_row += v39 * g0_0_0[2]; a0_1_2_0_row += v39 * g0_0_0[3]; a0_1_1_2_row += v39 * g0_1_0[1]; a0_1_1_1_row += v39 * g0_1_0[2]; a0_1_1_0_row += v39 * g0_1_0[3];
      let v40 = subgroupBroadcast(x5, 0u); a0_1_2_2_row += v40 * g0_0_0[2]; a0_1_2_1_row += v40 * g0_0_0[3]; a0_1_1_2_row += v40 * g0_1_0[2]; a0_1_1_1_row += v40 * g0_1_0[3];
      let v41 = subgroupBroadcast(x5, 1u); a0_1_2_2_row += v41 * g0_0_0[3]; a0_1_1_2_row += v41 * g0_1_0[3];
      let v42 = subgroupBroadcast(x5, 2u); a0_1_2_0_row += v42 * g0_1_0[0];
      let v43 = subgroupBroadcast(x5, 3u); a0_1_2_1_row += v43 * g0_1_0[0]; a0_1_2_0_row += v43 * g0_1_0[1];
      let v44 = subgroupBroadcast(x5, 4u); a0_1_2_2_row += v44 * g0_1_0[0]; a0_1_2_1_row += v44 * g0_1_0[1]; a0_1_2_0_row += v44 * g0_1_0[2];
      let v45 = subgroupBroadcast(x5, 5u); a0_1_2_2_row += v45 * g0_1_0[1]; a0_1_2_1_row += v45 * g0_1_0[2]; a0_1_2_0_row += v45 * g0_1_0[3];
      let v46 = subgroupBroadcast(x5, 6u); a0_1_2_2_row += v46 * g0_1_0[2]; a0_1_2_1_row += v46 * g0_1_0[3];
      let v47 = subgroupBroadcast(x5, 7u); a0_1_2_2_row += v47 * g0_1_0[3];
    }
    a0_0_0_0 += a0_0_0_0_row; a0_0_0_1 += a0_0_0_1_row; a0_0_0_2 += a0_0_0_2_row; a0_0_1_0 += a0_0_1_0_row; a0_0_1_1 += a0_0_1_1_row; a0_0_1_2 += a0_0_1_2_row; a0_0_2_0 += a0_0_2_0_row; a0_0_2_1 += a0_0_2_1_row; a0_0_2_2 += a0_0_2_2_row; a0_1_0_0 += a0_1_0_0_row; a0_1_0_1 += a0_1_0_1_row; a0_1_0_2 += a0_1_0_2_row; a0_1_1_0 += a0_1_1_0_row; a0_1_1_1 += a0_1_1_1_row; a0_1_1_2 += a0_1_1_2_row; a0_1_2_0 += a0_1_2_0_row; a0_1_2_1 += a0_1_2_1_row; a0_1_2_2 += a0_1_2_2_row;
  }
  let taps = p.kernel_height * 3u;
  if (first + 0u < group_out_channels && c0 + 0u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 0u) * taps + r0 * 3u + 0u] = stored_sum(a0_0_0_0); }
  if (first + 0u < group_out_channels && c0 + 0u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 0u) * taps + r0 * 3u + 1u] = stored_sum(a0_0_0_1); }
  if (first + 0u < group_out_channels && c0 + 0u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 0u) * taps + r0 * 3u + 2u] = stored_sum(a0_0_0_2); }
  if (first + 0u < group_out_channels && c0 + 0u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 0u) * taps + r0 * 3u + 3u] = stored_sum(a0_0_1_0); }
  if (first + 0u < group_out_channels && c0 + 0u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 0u) * taps + r0 * 3u + 4u] = stored_sum(a0_0_1_1); }
  if (first + 0u < group_out_channels && c0 + 0u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 0u) * taps + r0 * 3u + 5u] = stored_sum(a0_0_1_2); }
  if (first + 0u < group_out_channels && c0 + 0u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 0u) * taps + r0 * 3u + 6u] = stored_sum(a0_0_2_0); }
  if (first + 0u < group_out_channels && c0 + 0u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 0u) * taps + r0 * 3u + 7u] = stored_sum(a0_0_2_1); }
  if (first + 0u < group_out_channels && c0 + 0u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 0u) * taps + r0 * 3u + 8u] = stored_sum(a0_0_2_2); }
  if (first + 0u < group_out_channels && c0 + 1u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 1u) * taps + r0 * 3u + 0u] = stored_sum(a0_1_0_0); }
  if (first + 0u < group_out_channels && c0 + 1u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 1u) * taps + r0 * 3u + 1u] = stored_sum(a0_1_0_1); }
  if (first + 0u < group_out_channels && c0 + 1u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 1u) * taps + r0 * 3u + 2u] = stored_sum(a0_1_0_2); }
  if (first + 0u < group_out_channels && c0 + 1u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 1u) * taps + r0 * 3u + 3u] = stored_sum(a0_1_1_0); }
  if (first + 0u < group_out_channels && c0 + 1u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 1u) * taps + r0 * 3u + 4u] = stored_sum(a0_1_1_1); }
  if (first + 0u < group_out_channels && c0 + 1u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 1u) * taps + r0 * 3u + 5u] = stored_sum(a0_1_1_2); }
  if (first + 0u < group_out_channels && c0 + 1u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 1u) * taps + r0 * 3u + 6u] = stored_sum(a0_1_2_0); }
  if (first + 0u < group_out_channels && c0 + 1u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 1u) * taps + r0 * 3u + 7u] = stored_sum(a0_1_2_1); }
  if (first + 0u < group_out_channels && c0 + 1u < group_channels) { gw[p.gw_offset + (part * p.out_channels + k0 + 0u) * p.gw_channel_stride + (c0 + 1u) * taps + r0 * 3u + 8u] = stored_sum(a0_1_2_2); }
}
