// gradientScale/workgroup: one stretch, no limit.
struct Params { count: u32, infinity: u32 }
@group(0) @binding(0) var<storage, read> squares: array<f32>;
@group(0) @binding(1) var<storage, read> loss_scale: array<f32>;
@group(0) @binding(2) var<storage, read_write> taken: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;
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
  var partial = vec2f();
  for (var i = lane; i < p.count; i += 64u) { partial += vec2f(squares[i], squares[p.count + i]); }
  let plain = sum(partial.x, lane);
  let shrunken = sum(partial.y, lane);
  if (lane > 0u) { return; }
  let is_large = shrunken > 8.673617379884035e-19;
  let unit = select(1.0, 8.271806125530277e-25, is_large);
  let length = sqrt(select(plain, shrunken, is_large)) / loss_scale[0]; // of unit * gradients
  let is_finite = (bitcast<u32>(shrunken) & 0x7f800000u) != 0x7f800000u;
  let factor = 1.0 / loss_scale[0];
  taken[0] += select(0.0, 1.0, is_finite);
  y[0] = select(bitcast<f32>(p.infinity), factor, is_finite);
  y[1] = length / unit;
  y[2] = taken[0];
  y[3] = 1.0;
}
