// winogradWeight/kernels: tiles of 2.
struct Params {
  kernels: u32,
  row: u32,
}
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let kernel = id.y * p.row + id.x;
  if (kernel >= p.kernels) { return; }
  let g0_0 = w[kernel * 9u + 0u];
  let g0_1 = w[kernel * 9u + 1u];
  let g0_2 = w[kernel * 9u + 2u];
  let g1_0 = w[kernel * 9u + 3u];
  let g1_1 = w[kernel * 9u + 4u];
  let g1_2 = w[kernel * 9u + 5u];
  let g2_0 = w[kernel * 9u + 6u];
  let g2_1 = w[kernel * 9u + 7u];
  let g2_2 = w[kernel * 9u + 8u];
  let t0_0 = -1.0 * g0_0;
  let t0_1 = -1.0 * g0_1;
  let t0_2 = -1.0 * g0_2;
  y[0u * p.kernels + kernel] = -1.0 * t0_0;
  y[1u * p.kernels + kernel] = 0.5 * t0_0 + 0.5 * t0_1 + 0.5 * t0_2;
  y[2u * p.kernels + kernel] = 0.5 * t0_0 + -0.5 * t0_1 + 0.5 * t0_2;
  y[3u * p.kernels + kernel] = t0_2;
  let t1_0 = 0.5 * g0_0 + 0.5 * g1_0 + 0.5 * g2_0;
  let t1_1 = 0.5 * g0_1 + 0.5 * g1_1 + 0.5 * g2_1;
  let t1_2 = 0.5 * g0_2 + 0.5 * g1_2 + 0.5 * g2_2;
  y[4u * p.kernels + kernel] = -1.0 * t1_0;
  y[5u * p.kernels + kernel] = 0.5 * t1_0 + 0.5 * t1_1 + 0.5 * t1_2;
  y[6u * p.kernels + kernel] = 0.5 * t1_0 + -0.5 * t1_1 + 0.5 * t1_2;
  y[7u * p.kernels + kernel] = t1_2;
  let t2_0 = 0.5 * g0_0 + -0.5 * g1_0 + 0.5 * g2_0;
  let t2_1 = 0.5 * g0_1 + -0.5 * g1_1 + 0.5 * g2_1;
  let t2_2 = 0.5 * g0_2 + -0.5 * g1_2 + 0.5 * g2_2;
  y[8u * p.kernels + kernel] = -1.0 * t2_0;
  y[9u * p.kernels + kernel] = 0.5 * t2_0 + 0.5 * t2_1 + 0.5 * t2_2;
  y[10u * p.kernels + kernel] = 0.5 * t2_0 + -0.5 * t2_1 + 0.5 * t2_2;
  y[11u * p.kernels + kernel] = t2_2;
  let t3_0 = g2_0;
  let t3_1 = g2_1;
  let t3_2 = g2_2;
  y[12u * p.kernels + kernel] = -1.0 * t3_0;
  y[13u * p.kernels + kernel] = 0.5 * t3_0 + 0.5 * t3_1 + 0.5 * t3_2;
  y[14u * p.kernels + kernel] = 0.5 * t3_0 + -0.5 * t3_1 + 0.5 * t3_2;
  y[15u * p.kernels + kernel] = t3_2;
}
