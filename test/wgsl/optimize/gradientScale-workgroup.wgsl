// gradientScale/workgroup: one stretch, no limit.
struct Params { count: u32, infinity: u32 }
@group(0) @binding(0) var<storage, read> squares: array<f32>;
@group(0) @binding(1) var<storage, read> loss_scale: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;
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
fn main(@builtin(local_invocation_index) lane: u32) {
  var partial = 0.0;
  for (var i = lane; i < p.count; i += 64u) { partial += squares[i]; }
  let total = sum(partial, lane);
  if (lane > 0u) { return; }
  let norm = sqrt(total) / loss_scale[0];
  let is_finite = (bitcast<u32>(total) & 0x7f800000u) != 0x7f800000u;
  let shortened = 1.0 / loss_scale[0];
  y[0] = select(bitcast<f32>(p.infinity), shortened, is_finite);
  y[1] = norm;
}
