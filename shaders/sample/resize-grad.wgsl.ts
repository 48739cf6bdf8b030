// The gradient of resizing: gx[h, w] = sum of nearness(i, h) * nearness(j, w) * gy[i, j]; see plane-gradient.ts.
// Output i lies at (start + i * step) / unit pixels of the input, cut off at its borders.
import type { AxisRule } from "../wgsl/plane-gradient.ts";

export function resizeGradient(mode: "linear" | "nearest"): AxisRule {
  return {
    spec: { start: "i32", step: "i32", unit: "i32", scale: "f32" }, // scale: 1 / unit
    functions: `
// The first output at start + i * step >= position.
fn first_from(position: i32, axis: Axis) -> u32 {
  let distance = position - axis.start;
  if (distance <= 0) { return 0u; }
  return min(u32((distance - 1) / axis.step + 1), axis.outputs);
}
fn readers(at: u32, axis: Axis) -> vec2u {
  let last = at + 1u == axis.size;
  ${mode === "linear" ? linearReaders : nearestReaders}
}
fn weight(output: u32, at: u32, axis: Axis) -> f32 {
  let inside = clamp(axis.start + i32(output) * axis.step, 0, i32(axis.size - 1u) * axis.unit);
  ${mode === "linear" ? linearWeight : "return select(0.0, 1.0, inside / axis.unit == i32(at));"}
}`,
  };
}

// What lies between the neighbours; beyond the borders, the outermost pixels are read.
const linearReaders = `
  let first = first_from((i32(at) - 1) * axis.unit + 1, axis);
  return vec2u(first, select(first_from((i32(at) + 1) * axis.unit, axis), axis.outputs, last));`;

const linearWeight = `
  let distance = abs(inside - i32(at) * axis.unit);
  return f32(max(axis.unit - distance, 0)) * axis.scale;`;

const nearestReaders = `
  let first = first_from(i32(at) * axis.unit, axis);
  return vec2u(first, select(first_from((i32(at) + 1) * axis.unit, axis), axis.outputs, last));`;
