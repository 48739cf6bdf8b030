// Where a grid's places are in an image or a volume, for the kernels that sample and for their gradients.
import { stridedWorkgroup } from "./strided.ts";
import { wgsl } from "./wgsl.ts";

/** Where places outside of the image are: there, at its nearest border, or mirrored at its borders until they are inside. */
export type GridPadding = "zeros" | "border" | "reflection";

export interface GridPlaces {
  readonly volume: boolean;
  readonly padding: GridPadding;
  /** Whether -1 and 1 are the centres of the outermost pixels, or their outer edges. */
  readonly alignCorners: boolean;
}

/**
 * `place_in(first, size)`: the place whose coordinates begin at `grid[first]`, in pixels of an image of that size, and how fast
 * each coordinate moves. An image is a volume of one slice. And `corner_of(place, corner)`: of the pixels around a place, the one that
 * the bits of `corner` name, and its weights.
 */
export const gridPlaceFunctions = (t: GridPlaces): string => wgsl`
struct Place { at: vec3f, slope: vec3f }

fn place_in(first: u32, size: vec3u) -> Place {
  let column = position(grid[first], size.x);
  let row = position(grid[first + 1u], size.y);
  let slice = ${t.volume ? "position(grid[first + 2u], size.z)" : "vec2f()"};
  return Place(vec3f(column.x, row.x, slice.x), vec3f(column.y, row.y, slice.y));
}

// In pixels, from 0 to size - 1 within the image; and its derivative, 0 at the border and beyond, as PyTorch has it.
fn position(place: f32, size: u32) -> vec2f {
  let extent = f32(size);
  #if ${t.alignCorners}
  var at = (place + 1.0) / 2.0 * (extent - 1.0);
  var slope = (extent - 1.0) / 2.0;
  #else
  var at = ((place + 1.0) * extent - 1.0) / 2.0;
  var slope = extent / 2.0;
  #endif
  #if ${t.padding === "reflection"}
  let mirrored = reflected(at, extent);
  at = mirrored.x;
  slope *= mirrored.y;
  #endif
  #if ${t.padding !== "zeros"}
  slope = select(0.0, slope, at > 0.0 && at < extent - 1.0);
  at = clamp(at, 0.0, extent - 1.0);
  #endif
  // What is no i32, NaN too, is outside, as in PyTorch.
  return select(vec2f(at, slope), vec2f(-100.0, 0.0), (bitcast<u32>(at) & 0x7fffffffu) >= 0x4f000000u);
}

#if ${t.padding === "reflection"}
// Mirrored at the centres of the outermost pixels, or at their outer edges; and whether that turned it around, -1, or not.
fn reflected(at: f32, extent: f32) -> vec2f {
  let low = ${t.alignCorners ? "0.0" : "-0.5"};
  let span = ${t.alignCorners ? "extent - 1.0" : "extent"};
  if (span == 0.0) { return vec2f(); }
  let distance = abs(at - low);
  let flips = floor(distance / span);
  let extra = distance - flips * span;
  let is_odd = flips % 2.0 == 1.0;
  return vec2f(low + select(extra, span - extra, is_odd), select(1.0, -1.0, is_odd != (at < low)));
}
#endif

struct Corner { at: vec3i, side: vec3f, near: vec3f }

// Sides are -1 and 1, weights how near the pixel is along each axis.
fn corner_of(place: vec3f, corner: u32) -> Corner {
  let first = floor(place);
  let beyond = place - first;
  let step = (vec3u(corner) >> vec3u(0u, 1u, 2u)) & vec3u(1u);
  let is_far = step == vec3u(1u);
  return Corner(vec3i(first) + vec3i(step), select(vec3f(-1.0), vec3f(1.0), is_far), select(1.0 - beyond, beyond, is_far));
}
`;

/** What the kernels of the gradients are told of the grid and of the image beside `count`, how many invocations there are. */
export const gridGradientParams = {
  places: "u32", // of an item
  channels: "u32",
  depth: "u32",
  height: "u32",
  width: "u32",
} as const;

/** The head of their entry point: it declares `at`, which invocation this is, and `size`, that of the image. */
export const gridGradientMain = `@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * ${stridedWorkgroup}u + id.x;
  if (at >= p.count) { return; }
  let size = vec3i(vec3u(p.width, p.height, p.depth));`;
