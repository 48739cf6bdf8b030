// batchNormGradient/channel: rows of 4 fit.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  items: u32,
  channels: u32,
  plane: u32,
  gy_offset: u32,
  gy_batch_stride: u32,
  x_offset: u32,
  x_batch_stride: u32,
  gx_offset: u32,
  gx_batch_stride: u32,
  eps: f32,
}
@group(0) @binding(0) var<storage, read> gy: array<Element4>;
@group(0) @binding(1) var<storage, read> x: array<Element4>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> variance: array<f32>;
@group(0) @binding(5) var<storage, read_write> gx: array<Element4>;
@group(0) @binding(6) var<storage, read_write> ggamma: array<f32>;
@group(0) @binding(7) var<storage, read_write> gbeta: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;
var<workgroup> partial_sum: array<f32, 64>;
fn sum(partial: f32, lane: u32) -> f32 {
  workgroupBarrier(); // all have read the sum before
  partial_sum[lane] = partial;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (lane < half) { partial_sum[lane] += partial_sum[lane + half]; }
    workgroupBarrier();
  }
  return partial_sum[0];
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let c = group.y * groups.x + group.x;
  if (c >= p.channels) { return; }
  let count = f32(p.items) * f32(p.plane);
  let average = mean[c];
  let scale = 1.0 / sqrt(variance[c] + p.eps);
  var plain = vec4f();
  var weighted = vec4f();
  for (var n = 0u; n < p.items; n++) {
    for (var i = lane; i < p.plane / 4u; i += 64u) {
      let gy_at = (p.gy_offset + n * p.gy_batch_stride + c * p.plane) / 4u + i; let x_at = (p.x_offset + n * p.x_batch_stride + c * p.plane) / 4u + i;
      let g = vec4f(gy[gy_at]); plain += g; weighted += g * ((vec4f(x[x_at]) - average) * scale);
    }
  }
  let shift_gradient = sum(plain.x + plain.y + plain.z + plain.w, lane);
  let scale_gradient = sum(weighted.x + weighted.y + weighted.z + weighted.w, lane);
  if (lane == 0u) {
    ggamma[c] = scale_gradient;
    gbeta[c] = shift_gradient;
  }
  let factor = gamma[c] * scale;
  let mean_gradient = shift_gradient / count;
  let mean_weighted = scale_gradient / count;
  for (var n = 0u; n < p.items; n++) {
    for (var i = lane; i < p.plane / 4u; i += 64u) {
      let gy_at = (p.gy_offset + n * p.gy_batch_stride + c * p.plane) / 4u + i; let x_at = (p.x_offset + n * p.x_batch_stride + c * p.plane) / 4u + i; let gx_at = (p.gx_offset + n * p.gx_batch_stride + c * p.plane) / 4u + i;
      let xhat = (vec4f(x[x_at]) - average) * scale;
      gx[gx_at] = stored4(factor * (vec4f(gy[gy_at]) - mean_gradient - xhat * mean_weighted));
    }
  }
}
