// winogradInput/patches: one patch of 2.
struct Params {
  channels: u32,
  height: u32,
  width: u32,
  tile_rows: u32,
  tile_columns: u32,
  pad_top: u32,
  pad_left: u32,
  x_offset: u32,
  x_batch_stride: u32,
  y_offset: u32,
  y_batch_stride: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = id.y * grid.x * 64u + id.x;
  let tiles = p.tile_rows * p.tile_columns;
  let c = index / tiles;
  let i = index % tiles / p.tile_columns;
  let j = index % p.tile_columns;
  let n = id.z;
  if (c >= p.channels) { return; }
  let x_plane = p.x_offset + n * p.x_batch_stride + c * p.height * p.width;
  let h = i32(i * 2u) - i32(p.pad_top);
  let v = i32(j * 2u) - i32(p.pad_left);
  let last_row = i32(p.height) - 1;
  let last_column = i32(p.width) - 1;
  let y_at = p.y_offset + n * p.y_batch_stride + index;
  let y_step = p.channels * tiles;
  let in_h0 = h + 0 >= 0 && h + 0 < i32(p.height);
  let row0 = x_plane + u32(clamp(h + 0, 0, last_row)) * p.width;
  let in_h1 = h + 1 >= 0 && h + 1 < i32(p.height);
  let row1 = x_plane + u32(clamp(h + 1, 0, last_row)) * p.width;
  let in_h2 = h + 2 >= 0 && h + 2 < i32(p.height);
  let row2 = x_plane + u32(clamp(h + 2, 0, last_row)) * p.width;
  let in_h3 = h + 3 >= 0 && h + 3 < i32(p.height);
  let row3 = x_plane + u32(clamp(h + 3, 0, last_row)) * p.width;
  let in_v0 = v + 0 >= 0 && v + 0 < i32(p.width);
  let column0 = u32(clamp(v + 0, 0, last_column));
  let in_v1 = v + 1 >= 0 && v + 1 < i32(p.width);
  let column1 = u32(clamp(v + 1, 0, last_column));
  let in_v2 = v + 2 >= 0 && v + 2 < i32(p.width);
  let column2 = u32(clamp(v + 2, 0, last_column));
  let in_v3 = v + 3 >= 0 && v + 3 < i32(p.width);
  let column3 = u32(clamp(v + 3, 0, last_column));
  let d0_0 = select(0.0, x[row0 + column0], in_h0 && in_v0);
  let d0_1 = select(0.0, x[row0 + column1], in_h0 && in_v1);
  let d0_2 = select(0.0, x[row0 + column2], in_h0 && in_v2);
  let d0_3 = select(0.0, x[row0 + column3], in_h0 && in_v3);
  let d1_0 = select(0.0, x[row1 + column0], in_h1 && in_v0);
  let d1_1 = select(0.0, x[row1 + column1], in_h1 && in_v1);
  let d1_2 = select(0.0, x[row1 + column2], in_h1 && in_v2);
  let d1_3 = select(0.0, x[row1 + column3], in_h1 && in_v3);
  let d2_0 = select(0.0, x[row2 + column0], in_h2 && in_v0);
  let d2_1 = select(0.0, x[row2 + column1], in_h2 && in_v1);
  let d2_2 = select(0.0, x[row2 + column2], in_h2 && in_v2);
  let d2_3 = select(0.0, x[row2 + column3], in_h2 && in_v3);
  let d3_0 = select(0.0, x[row3 + column0], in_h3 && in_v0);
  let d3_1 = select(0.0, x[row3 + column1], in_h3 && in_v1);
  let d3_2 = select(0.0, x[row3 + column2], in_h3 && in_v2);
  let d3_3 = select(0.0, x[row3 + column3], in_h3 && in_v3);
  let t0_0 = -1.0 * d0_0 + d2_0;
  let t0_1 = -1.0 * d0_1 + d2_1;
  let t0_2 = -1.0 * d0_2 + d2_2;
  let t0_3 = -1.0 * d0_3 + d2_3;
  y[y_at + 0u * y_step] = -1.0 * t0_0 + t0_2;
  y[y_at + 1u * y_step] = t0_1 + t0_2;
  y[y_at + 2u * y_step] = -1.0 * t0_1 + t0_2;
  y[y_at + 3u * y_step] = -1.0 * t0_1 + t0_3;
  let t1_0 = d1_0 + d2_0;
  let t1_1 = d1_1 + d2_1;
  let t1_2 = d1_2 + d2_2;
  let t1_3 = d1_3 + d2_3;
  y[y_at + 4u * y_step] = -1.0 * t1_0 + t1_2;
  y[y_at + 5u * y_step] = t1_1 + t1_2;
  y[y_at + 6u * y_step] = -1.0 * t1_1 + t1_2;
  y[y_at + 7u * y_step] = -1.0 * t1_1 + t1_3;
  let t2_0 = -1.0 * d1_0 + d2_0;
  let t2_1 = -1.0 * d1_1 + d2_1;
  let t2_2 = -1.0 * d1_2 + d2_2;
  let t2_3 = -1.0 * d1_3 + d2_3;
  y[y_at + 8u * y_step] = -1.0 * t2_0 + t2_2;
  y[y_at + 9u * y_step] = t2_1 + t2_2;
  y[y_at + 10u * y_step] = -1.0 * t2_1 + t2_2;
  y[y_at + 11u * y_step] = -1.0 * t2_1 + t2_3;
  let t3_0 = -1.0 * d1_0 + d3_0;
  let t3_1 = -1.0 * d1_1 + d3_1;
  let t3_2 = -1.0 * d1_2 + d3_2;
  let t3_3 = -1.0 * d1_3 + d3_3;
  y[y_at + 12u * y_step] = -1.0 * t3_0 + t3_2;
  y[y_at + 13u * y_step] = t3_1 + t3_2;
  y[y_at + 14u * y_step] = -1.0 * t3_1 + t3_2;
  y[y_at + 15u * y_step] = -1.0 * t3_1 + t3_3;
}
