// maxPool3d/direct: one voxel.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  planes: u32,
  channels: u32,
  height: u32,
  width: u32,
  out_height: u32,
  out_width: u32,
  x_offset: u32,
  x_batch_stride: u32,
  y_offset: u32,
  y_batch_stride: u32,
  indices_offset: u32,
  indices_batch_stride: u32,
  kernel_height: i32,
  kernel_width: i32,
  stride_height: i32,
  stride_width: i32,
  dilation_height: i32,
  dilation_width: i32,
  pad_top: i32,
  pad_left: i32,
  lowest: f32,
  depth: u32,
  slice_height: u32,
  out_depth: u32,
  out_slice_height: u32,
  kernel_depth: i32,
  stride_depth: i32,
  dilation_depth: i32,
  pad_front: i32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<storage, read_write> indices: array<i32>;
@group(0) @binding(3) var<uniform> p: Params;

fn x_plane(plane: u32) -> u32 {
  return p.x_offset + plane / p.channels * p.x_batch_stride + plane % p.channels * p.height * p.width;
}
fn y_plane(plane: u32) -> u32 {
  return p.y_offset + plane / p.channels * p.y_batch_stride + plane % p.channels * p.out_height * p.out_width;
}

// Positions of a window's taps inside the image: from .x, below .y, in steps of the dilation.
fn taps(start: i32, kernel: i32, dilation: i32, size: u32) -> vec2i {
  let outside = select(0, (dilation - 1 - start) / dilation, start < 0);
  return vec2i(start + outside * dilation, min(start + kernel * dilation, i32(size)));
}

// On the bits, since compilers may assume that there are no NaNs.
fn is_nan(v: f32) -> bool {
  return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u;
}

@compute @workgroup_size(1, 1, 64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  
  let z = id.y / p.out_slice_height;
  let slices = taps(i32(z) * p.stride_depth - p.pad_front, p.kernel_depth, p.dilation_depth, p.depth);
  
  let rows = taps(i32(id.y % p.out_slice_height) * p.stride_height - p.pad_top, p.kernel_height, p.dilation_height, p.slice_height);
  let columns = taps(i32(id.x) * p.stride_width - p.pad_left, p.kernel_width, p.dilation_width, p.width);
  let pixel = id.y * p.out_width + id.x;
  for (var plane = id.z; plane < p.planes; plane += groups.z * 64u) {
    let image = x_plane(plane);
    let is_empty = slices.x >= slices.y || rows.x >= rows.y || columns.x >= columns.y;
    var best = p.lowest;
    var index = select((slices.x * i32(p.slice_height) + rows.x) * i32(p.width) + columns.x, -1, is_empty);
    var found_nan = false;
    
    for (var slice = slices.x; slice < slices.y; slice += p.dilation_depth) {
    
    for (var row = rows.x; row < rows.y; row += p.dilation_height) {
      for (var column = columns.x; column < columns.y; column += p.dilation_width) {
        let candidate = (slice * i32(p.slice_height) + row) * i32(p.width) + column;
        let value = f32(x[image + u32(candidate)]);
        let value_is_nan = is_nan(value);
        if (value_is_nan || (!found_nan && value > best)) {
          best = value;
          index = candidate;
        }
        found_nan |= value_is_nan;
      }
    }
    
    }
    
    y[y_plane(plane) + pixel] = stored(best);
    
    let n = plane / p.channels;
    let c = plane % p.channels;
    indices[p.indices_offset + n * p.indices_batch_stride + c * p.out_height * p.out_width + pixel] = index;
    
  }
}
