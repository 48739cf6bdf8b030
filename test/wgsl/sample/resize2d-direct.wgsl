// resize2d/direct: one pixel to many.
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
  row_start: i32,
  row_step: i32,
  row_unit: u32,
  row_scale: f32,
  column_start: i32,
  column_step: i32,
  column_unit: u32,
  column_scale: f32,
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

struct Taps {
  first: u32,
  second: u32,
  weights: vec2f,
}
fn pair(row: u32, columns: Taps) -> vec2f {
  return vec2f(f32(x[row + columns.first]), f32(x[row + columns.second]));
}
fn taps(position: i32, unit: u32, scale: f32, size: u32) -> Taps {
  let inside = u32(max(position, 0));
  let first = inside / unit;
  if (first >= size - 1u) { return Taps(size - 1u, size - 1u, vec2f(1.0, 0.0)); }
  // The smaller weight is rounded, the larger one follows: their sum is 1, and a hit copies its pixel.
  let rest = inside - first * unit;
  let small = f32(min(rest, unit - rest)) * scale;
  let weights = vec2f(1.0 - small, small);
  return Taps(first, first + 1u, select(weights, weights.yx, rest > unit - rest));
}

@compute @workgroup_size(8, 4, 2)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  let pixel = id.y * p.out_width + id.x;
  
  
  let rows = taps(p.row_start + i32(id.y) * p.row_step, p.row_unit, p.row_scale, p.height);
  let columns = taps(p.column_start + i32(id.x) * p.column_step, p.column_unit, p.column_scale, p.width);
  
  let upper = rows.first * p.width;
  let lower = rows.second * p.width;
  
  
  for (var plane = id.z; plane < p.planes; plane += groups.z * 2u) {
    let image = x_plane(plane);
    
    let above = dot(columns.weights, pair(image + upper, columns));
    let below = dot(columns.weights, pair(image + lower, columns));
    y[y_plane(plane) + pixel] = stored(dot(rows.weights, vec2f(above, below)));
    
  }
}
