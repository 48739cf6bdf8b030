// batchNormTraining/channel: bias, residual and leaky ReLU, odd sizes, several workgroups.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  items: u32,
  channels: u32,
  plane: u32,
  x_offset: u32,
  x_batch_stride: u32,
  residual_offset: u32,
  residual_batch_stride: u32,
  y_offset: u32,
  y_batch_stride: u32,
  eps: f32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> gamma: array<f32>;
@group(0) @binding(2) var<storage, read> beta: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<Element>;
@group(0) @binding(5) var<storage, read_write> y: array<Element>;
@group(0) @binding(6) var<storage, read_write> mean: array<f32>;
@group(0) @binding(7) var<storage, read_write> variance: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;
fn activate(v: f32) -> f32 {
  return select(v * 0.10000000149011612, v, v >= f32(0.0));
}
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
  var partial = f32();
  for (var n = 0u; n < p.items; n++) {
    for (var i = lane; i < p.plane; i += 64u) {
      let x_at = (p.x_offset + n * p.x_batch_stride + c * p.plane) + i;
      partial += f32(x[x_at]);
    }
  }
  let average = sum(partial, lane) / count;
  partial = f32();
  for (var n = 0u; n < p.items; n++) {
    for (var i = lane; i < p.plane; i += 64u) {
      let x_at = (p.x_offset + n * p.x_batch_stride + c * p.plane) + i;
      let apart = f32(x[x_at]) - average; partial += apart * apart;
    }
  }
  let spread = sum(partial, lane) / count;
  if (lane == 0u) {
    mean[c] = average;
    variance[c] = spread;
  }
  let scale = gamma[c] / sqrt(spread + p.eps);
  let shift = beta[c] + bias[c];
  for (var n = 0u; n < p.items; n++) {
    for (var i = lane; i < p.plane; i += 64u) {
      let x_at = (p.x_offset + n * p.x_batch_stride + c * p.plane) + i; let residual_at = (p.residual_offset + n * p.residual_batch_stride + c * p.plane) + i; let y_at = (p.y_offset + n * p.y_batch_stride + c * p.plane) + i;
      y[y_at] = stored(activate((f32(x[x_at]) - average) * scale + shift + f32(residual[residual_at])));
    }
  }
}
