// gridSample3d/direct: zeros around, batch 2.
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
  depth: u32,
  slice_height: u32,
  out_depth: u32,
  out_slice_height: u32,
  grid_offset: u32,
  grid_batch_stride: u32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> grid: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<Element>;
@group(0) @binding(3) var<uniform> p: Params;

fn x_plane(plane: u32) -> u32 {
  return p.x_offset + plane / p.channels * p.x_batch_stride + plane % p.channels * p.height * p.width;
}
fn y_plane(plane: u32) -> u32 {
  return p.y_offset + plane / p.channels * p.y_batch_stride + plane % p.channels * p.out_height * p.out_width;
}

struct Place { at: vec3f, slope: vec3f }

fn place_in(first: u32, size: vec3u) -> Place {
  let column = position(grid[first], size.x);
  let row = position(grid[first + 1u], size.y);
  let slice = position(grid[first + 2u], size.z);
  return Place(vec3f(column.x, row.x, slice.x), vec3f(column.y, row.y, slice.y));
}

// In pixels, from 0 to size - 1 within the image; and its derivative, 0 at the border and beyond, as PyTorch has it.
fn position(place: f32, size: u32) -> vec2f {
  let extent = f32(size);
  
  var at = ((place + 1.0) * extent - 1.0) / 2.0;
  var slope = extent / 2.0;
  
  
  
  // What is no i32, NaN too, is outside, as in PyTorch.
  return select(vec2f(at, slope), vec2f(-100.0, 0.0), (bitcast<u32>(at) & 0x7fffffffu) >= 0x4f000000u);
}



struct Corner { at: vec3i, side: vec3f, near: vec3f }

// Sides are -1 and 1, weights how near the pixel is along each axis.
fn corner_of(place: vec3f, corner: u32) -> Corner {
  let first = floor(place);
  let beyond = place - first;
  let step = (vec3u(corner) >> vec3u(0u, 1u, 2u)) & vec3u(1u);
  let is_far = step == vec3u(1u);
  return Corner(vec3i(first) + vec3i(step), select(vec3f(-1.0), vec3f(1.0), is_far), select(1.0 - beyond, beyond, is_far));
}

fn pixel_at(image: u32, at: vec3i) -> f32 {
  let size = vec3i(vec3u(p.width, p.slice_height, p.depth));
  if (any(at < vec3i(0)) || any(at >= size)) { return 0.0; }
  return f32(x[image + u32((at.z * size.y + at.y) * size.x + at.x)]);
}

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  let pixel = id.y * p.out_width + id.x;
  for (var plane = id.z; plane < p.planes; plane += groups.z * 1u) {
    let first = p.grid_offset + plane / p.channels * p.grid_batch_stride + pixel * 3u;
    let at = place_in(first, vec3u(p.width, p.slice_height, p.depth)).at;
    
    var value = 0.0;
    for (var i = 0u; i < 8u; i++) {
      let corner = corner_of(at, i);
      value += corner.near.x * corner.near.y * corner.near.z * pixel_at(x_plane(plane), corner.at);
    }
    
    y[y_plane(plane) + pixel] = stored(value);
  }
}
