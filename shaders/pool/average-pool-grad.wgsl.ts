// The gradients of average pools: each output's goes in equal shares to the pixels of its window.
// gx[h, w] = sum of gy[i, j] / (rows(i) * columns(j)) over the windows i, j that read h, w; see plane-gradient.ts.
import type { AxisRule } from "../wgsl/plane-gradient.ts";
import { windowsFunction } from "../wgsl/windows.ts";

/** Windows start at i*stride - pad; `counted` are the pixels of one: in image and padding, in the image, or not at all. */
export function averagePoolGradient(counted: "padded" | "image" | "fixed"): AxisRule {
  const counts = {
    padded: "min(end, i32(axis.size) + axis.after) - start",
    image: "min(end, i32(axis.size)) - max(start, 0)",
    fixed: "1",
  };
  return {
    spec: { kernel: "u32", stride: "u32", pad: "u32", after: "i32" },
    functions: `${windowsFunction}
fn readers(at: u32, axis: Axis) -> vec2u {
  return windows(at, axis.pad, axis.kernel, axis.stride, axis.outputs);
}
fn weight(output: u32, at: u32, axis: Axis) -> f32 {
  let start = i32(output * axis.stride) - i32(axis.pad);
  let end = start + i32(axis.kernel);
  let counted = ${counts[counted]};
  return select(0.0, 1.0 / f32(counted), i32(at) >= start && i32(at) < end);
}`,
  };
}

/** Window i covers floor(i * size / outputs) <= h < ceil((i + 1) * size / outputs). */
export const adaptiveAveragePoolGradient: AxisRule = {
  spec: {},
  functions: `
fn cover(i: u32, size: u32, parts: u32) -> vec2u {
  return vec2u(i * size / parts, ((i + 1u) * size + parts - 1u) / parts);
}
fn readers(at: u32, axis: Axis) -> vec2u {
  return cover(at, axis.outputs, axis.size);
}
fn weight(output: u32, at: u32, axis: Axis) -> f32 {
  let window = cover(output, axis.size, axis.outputs);
  return select(0.0, 1.0 / f32(window.y - window.x), at >= window.x && at < window.y);
}`,
};
