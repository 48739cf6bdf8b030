// gridSampleGridGradient/direct: one pixel, gridSample2d.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  places: u32,
  channels: u32,
  depth: u32,
  height: u32,
  width: u32,
}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> grid: array<f32>;
@group(0) @binding(3) var<storage, read_write> ggrid: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

struct Place { at: vec3f, slope: vec3f }

fn place_in(first: u32, size: vec3u) -> Place {
  let column = position(grid[first], size.x);
  let row = position(grid[first + 1u], size.y);
  let slice = vec2f();
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


@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * 64u + id.x;
  if (at >= p.count) { return; }
  let size = vec3i(vec3u(p.width, p.height, p.depth));
  let plane = p.depth * p.height * p.width;
  let first = at / p.places * p.channels;
  let place = place_in(at * 2u, vec3u(size));
  var sum = vec3f();
  for (var i = 0u; i < 4u; i++) {
    let corner = corner_of(place.at, i);
    if (any(corner.at < vec3i(0)) || any(corner.at >= size)) { continue; }
    let pixel = u32((corner.at.z * size.y + corner.at.y) * size.x + corner.at.x);
    var product = 0.0;
    for (var c = 0u; c < p.channels; c++) {
      product += f32(gy[(first + c) * p.places + at % p.places]) * f32(x[(first + c) * plane + pixel]);
    }
    sum += product * corner.side * corner.near.yxx * corner.near.zzy;
  }
  for (var axis = 0u; axis < 2u; axis++) { ggrid[at * 2u + axis] = place.slope[axis] * sum[axis]; }
}
