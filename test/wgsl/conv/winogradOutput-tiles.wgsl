// winogradOutput/tiles: leftover rows and columns of 2; bias, residual and ReLU.
struct Params {
  channels: u32,
  height: u32,
  width: u32,
  tile_rows: u32,
  tile_columns: u32,
  x_offset: u32,
  x_batch_stride: u32,
  residual_offset: u32,
  residual_batch_stride: u32,
  y_offset: u32,
  y_batch_stride: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read> residual: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;
fn activate(v: f32) -> f32 {
  return select(v, f32(0.0), v < f32(0.0));
}

var<private> y_base: u32;
var<private> residual_base: u32;


fn store(at: u32, row: u32, column: u32, sum: f32) {
  if (row >= p.height || column >= p.width) { return; }
  let value = sum + residual[residual_base + at];
  y[y_base + at] = activate(value);
}


@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = id.y * grid.x * 64u + id.x;
  let tiles = p.tile_rows * p.tile_columns;
  let k = index / tiles;
  let i = index % tiles / p.tile_columns;
  let j = index % p.tile_columns;
  let n = id.z;
  if (k >= p.channels) { return; }
  let x_at = p.x_offset + n * p.x_batch_stride + index;
  let x_step = p.channels * tiles;
  y_base = p.y_offset + n * p.y_batch_stride;
  residual_base = p.residual_offset + n * p.residual_batch_stride;
  let offset = bias[k];
  let at = (k * p.height + i * 2u) * p.width + j * 2u;
  let m0_0 = x[x_at + 0u * x_step];
  let m0_1 = x[x_at + 1u * x_step];
  let m0_2 = x[x_at + 2u * x_step];
  let m0_3 = x[x_at + 3u * x_step];
  let m1_0 = x[x_at + 4u * x_step];
  let m1_1 = x[x_at + 5u * x_step];
  let m1_2 = x[x_at + 6u * x_step];
  let m1_3 = x[x_at + 7u * x_step];
  let m2_0 = x[x_at + 8u * x_step];
  let m2_1 = x[x_at + 9u * x_step];
  let m2_2 = x[x_at + 10u * x_step];
  let m2_3 = x[x_at + 11u * x_step];
  let m3_0 = x[x_at + 12u * x_step];
  let m3_1 = x[x_at + 13u * x_step];
  let m3_2 = x[x_at + 14u * x_step];
  let m3_3 = x[x_at + 15u * x_step];
  let t0_0 = m0_0 + m1_0 + m2_0;
  let t0_1 = m0_1 + m1_1 + m2_1;
  let t0_2 = m0_2 + m1_2 + m2_2;
  let t0_3 = m0_3 + m1_3 + m2_3;
  let t1_0 = m1_0 + -1.0 * m2_0 + m3_0;
  let t1_1 = m1_1 + -1.0 * m2_1 + m3_1;
  let t1_2 = m1_2 + -1.0 * m2_2 + m3_2;
  let t1_3 = m1_3 + -1.0 * m2_3 + m3_3;
  store(at + 0u * p.width + 0u, i * 2u + 0u, j * 2u + 0u, t0_0 + t0_1 + t0_2 + offset);
  store(at + 0u * p.width + 1u, i * 2u + 0u, j * 2u + 1u, t0_1 + -1.0 * t0_2 + t0_3 + offset);
  store(at + 1u * p.width + 0u, i * 2u + 1u, j * 2u + 0u, t1_0 + t1_1 + t1_2 + offset);
  store(at + 1u * p.width + 1u, i * 2u + 1u, j * 2u + 1u, t1_1 + -1.0 * t1_2 + t1_3 + offset);
}
