// conv3d/direct: bias, residual and ReLU.
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
  depth: u32,
  slice_height: u32,
  out_depth: u32,
  out_slice_height: u32,
  slice_kernel_height: u32,
  stride_depth: u32,
  pad_front: u32,
  dilation_depth: u32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> w: array<Element>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<Element>;
@group(0) @binding(4) var<storage, read_write> y: array<Element>;
@group(0) @binding(5) var<uniform> p: Params;
fn activate(v: f32) -> f32 {
  return select(v, f32(0.0), v < f32(0.0));
}

// Row d * H + h of x that row t * R + r of a kernel reads for row z * P + i of y, or -1.
fn input_row(row: u32, kernel_row: u32) -> i32 {
  let z = row / p.out_slice_height;
  let t = kernel_row / p.slice_kernel_height;
  let d = i32(z * p.stride_depth + t * p.dilation_depth) - i32(p.pad_front);
  let i = row - z * p.out_slice_height;
  let r = kernel_row - t * p.slice_kernel_height;
  let h = i32(i * p.stride_height + r * p.dilation_height) - i32(p.pad_top);
  let exists = d >= 0 && d < i32(p.depth) && h >= 0 && h < i32(p.slice_height);
  return select(-1, d * i32(p.slice_height) + h, exists);
}


@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {

  let k = id.z % p.out_channels;
  let n = id.z / p.out_channels;
  if (id.x >= p.out_width || id.y >= p.out_height || n >= p.items) { return; }
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let first_channel = k / group_out_channels * group_channels;
  let plane = p.height * p.width;
  let taps = p.kernel_height * p.kernel_width;
  var sum = 0.0;
  for (var c = 0u; c < group_channels; c++) {
    let x_plane = p.x_offset + n * p.x_batch_stride + (first_channel + c) * plane;
    let w_plane = (k * group_channels + c) * taps;
    for (var r = 0u; r < p.kernel_height; r++) {
      let row = input_row(id.y, r);
      if (row < 0 || row >= i32(p.height)) { continue; }
      for (var s = 0u; s < p.kernel_width; s++) {
        let column = i32(id.x * p.stride_width + s * p.dilation_width) - i32(p.pad_left);
        if (column < 0 || column >= i32(p.width)) { continue; }
        sum += f32(x[x_plane + u32(row) * p.width + u32(column)]) * f32(w[w_plane + r * p.kernel_width + s]);
      }
    }
  }
  let element = (k * p.out_height + id.y) * p.out_width + id.x;
  
  sum += bias[k];
  
  
  sum += f32(residual[p.residual_offset + n * p.residual_batch_stride + element]);
  
  y[p.y_offset + n * p.y_batch_stride + element] = stored(activate(sum));
}
