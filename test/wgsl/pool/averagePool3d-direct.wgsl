// averagePool3d/direct: one voxel.
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
  kernel_height: i32,
  kernel_width: i32,
  stride_height: i32,
  stride_width: i32,
  pad_top: i32,
  pad_left: i32,
  pad_bottom: i32,
  pad_right: i32,
  fixed_divisor: f32,
  depth: u32,
  slice_height: u32,
  out_depth: u32,
  out_slice_height: u32,
  kernel_depth: i32,
  stride_depth: i32,
  pad_front: i32,
  pad_back: i32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;

fn x_plane(plane: u32) -> u32 {
  return p.x_offset + plane / p.channels * p.x_batch_stride + plane % p.channels * p.height * p.width;
}
fn y_plane(plane: u32) -> u32 {
  return p.y_offset + plane / p.channels * p.y_batch_stride + plane % p.channels * p.out_height * p.out_width;
}

struct Window {
  first: u32, // inside the image: from first, below end
  end: u32,
  padded: i32, // how many positions lie inside the image and its padding
}
fn window(start: i32, kernel: i32, size: u32, after: i32) -> Window {
  let end = min(start + kernel, i32(size) + after);
  return Window(u32(max(start, 0)), u32(min(end, i32(size))), end - start);
}

@compute @workgroup_size(1, 1, 64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  
  let z = id.y / p.out_slice_height;
  let slices = window(i32(z) * p.stride_depth - p.pad_front, p.kernel_depth, p.depth, p.pad_back);
  
  let rows = window(i32(id.y % p.out_slice_height) * p.stride_height - p.pad_top, p.kernel_height, p.slice_height, p.pad_bottom);
  let columns = window(i32(id.x) * p.stride_width - p.pad_left, p.kernel_width, p.width, p.pad_right);
  
  let divisor = f32(slices.padded * rows.padded * columns.padded);
  
  for (var plane = id.z; plane < p.planes; plane += groups.z * 64u) {
    let image = x_plane(plane);
    var sum = 0.0;
    
    for (var slice = slices.first; slice < slices.end; slice++) {
    var slice_sum = 0.0;
    
    for (var row = rows.first; row < rows.end; row++) {
      var row_sum = 0.0;
      for (var column = columns.first; column < columns.end; column++) {
        row_sum += f32(x[image + (slice * p.slice_height + row) * p.width + column]);
      }
      slice_sum += row_sum;
    }
    
    sum += slice_sum;
    }
    
    y[y_plane(plane) + id.y * p.out_width + id.x] = stored(sum / divisor);
  }
}
