// foldBatchNorm/strided, dispatch 1 of 2: one of everything.
struct Params {
  count: u32,
  w_offset: u32,
  w_stride0: u32,
  c_offset: u32,
  c_stride0: u32,
  eps: f32,
}
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read> gamma: array<f32>;
@group(0) @binding(2) var<storage, read> variance: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let w_at = p.w_offset + i0 * p.w_stride0;
  let c_at = p.c_offset + i0 * p.c_stride0;
  y[w_at] = w[w_at] * (gamma[c_at] / sqrt(variance[c_at] + p.eps));
}

// foldBatchNorm/strided, dispatch 2 of 2: one of everything.
struct Params {
  count: u32,
  c_offset: u32,
  c_stride0: u32,
  eps: f32,
}

@group(0) @binding(0) var<storage, read> gamma: array<f32>;
@group(0) @binding(1) var<storage, read> beta: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> variance: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let c_at = p.c_offset + i0 * p.c_stride0;
  var shift = -mean[c_at];
  
  y[c_at] = beta[c_at] + shift * (gamma[c_at] / sqrt(variance[c_at] + p.eps));
}
