// conv2d/depthwise-subgroup: depthwise rows: dilation 6 in 4s, leftover rows, batch 2, bias, residual and ReLU.
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
}
@group(0) @binding(0) var<storage, read> x: array<Element4>;
@group(0) @binding(1) var<storage, read> w: array<Element>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<Element4>;
@group(0) @binding(4) var<storage, read_write> y: array<Element4>;
@group(0) @binding(5) var<uniform> p: Params;
fn activate(v: vec4<f32>) -> vec4<f32> {
  return select(v, vec4<f32>(0.0), v < vec4<f32>(0.0));
}

fn store(n: u32, k: u32, row: u32, q0: u32, sum: vec4f) {
  let element = (k * p.out_height + row) * p.out_width + q0;
  let y_at = p.y_offset + n * p.y_batch_stride + element;
  let residual_at = p.residual_offset + n * p.residual_batch_stride + element;
  var value = sum;
  value += bias[k];
  
  value += vec4f(residual[residual_at / 4u]);
  y[y_at / 4u] = stored4(activate(value));
  
}
fn load(at: u32) -> vec4f { return vec4f(x[at / 4u]); }

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let block = lane % 8u;
  let row_lane = lane - block;
  let k = id.y * 1u + lane / 8u;
  let channel = min(k, p.out_channels - 1u);
  let n = id.z;
  let x_plane = p.x_offset + n * p.x_batch_stride + channel / (p.out_channels / p.channels) * p.height * p.width;
  let from_6 = row_lane + (block + 6u) % 8u; let wraps_6 = block >= 2u;
  let from_7 = row_lane + (block + 7u) % 8u; let wraps_7 = block >= 1u;
  let from_1 = row_lane + (block + 1u) % 8u; let wraps_1 = block >= 7u;
  let from_2 = row_lane + (block + 2u) % 8u; let wraps_2 = block >= 6u;
  let w_0 = f32(w[channel * 9u + min(0u + block, 8u)]);
  let w_1 = f32(w[channel * 9u + min(8u + block, 8u)]);
  let w0 = subgroupShuffle(w_0, row_lane + 0u);
  let w1 = subgroupShuffle(w_0, row_lane + 1u);
  let w2 = subgroupShuffle(w_0, row_lane + 2u);
  let w3 = subgroupShuffle(w_0, row_lane + 3u);
  let w4 = subgroupShuffle(w_0, row_lane + 4u);
  let w5 = subgroupShuffle(w_0, row_lane + 5u);
  let w6 = subgroupShuffle(w_0, row_lane + 6u);
  let w7 = subgroupShuffle(w_0, row_lane + 7u);
  let w8 = subgroupShuffle(w_1, row_lane + 0u);
  let step = p.dilation_height;
  let reach = 2u * step;
  for (var first = id.x; first < min(step, p.out_height); first += grid.x) {
    var a0_0 = vec4f(); var a1_0 = vec4f(); var a2_0 = vec4f();
    // The row of x that the first taps of output top meet, and the last ones of output top - reach, which is then done.
    for (var top = first + select(0u, step, first < p.pad_top); top < p.out_height + reach; top += step) {
      let h = i32(top) - i32(p.pad_top);
      if (h >= 0 && h < i32(p.height)) {
        let x_row = x_plane + u32(h) * p.width;
        let x_0 = select(vec4f(), load(x_row + min((block + 0u) * 4u, p.width - 4u)), (block + 0u) * 4u < p.width);
        let hx0_0 = subgroupShuffle(x_0, from_6);
        let x0_0 = select(vec4f(), hx0_0, wraps_6);
        let hx1_0 = subgroupShuffle(x_0, from_7);
        let x1_0 = select(vec4f(), hx1_0, wraps_7);
        let x2_0 = x_0;
        let hx3_0 = subgroupShuffle(x_0, from_1);
        let x3_0 = select(hx3_0, vec4f(), wraps_1);
        let hx4_0 = subgroupShuffle(x_0, from_2);
        let x4_0 = select(hx4_0, vec4f(), wraps_2);
        let t0_0 = vec4f(x0_0[2],x0_0[3],x1_0[0],x1_0[1]); let t1_0 = x2_0; let t2_0 = vec4f(x3_0[2],x3_0[3],x4_0[0],x4_0[1]);
        a2_0 += t0_0 * w0 + t1_0 * w1 + t2_0 * w2;
        a1_0 += t0_0 * w3 + t1_0 * w4 + t2_0 * w5;
        a0_0 += t0_0 * w6 + t1_0 * w7 + t2_0 * w8;
      }
      if (top >= first + reach && k < p.out_channels) {
        let row = top - reach;
        if ((block + 0u) * 4u < p.out_width) { store(n, k, row, (block + 0u) * 4u, a0_0); }
      }
      a0_0 = a1_0; a1_0 = a2_0; a2_0 = vec4f();
    }
  }
}
