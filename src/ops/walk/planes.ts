// The host's side of kernels that treat every image plane alike. To them a volume is an image of D * H rows.
import type { PlaneGrid, planeParams, volumeParams, Workgroup } from "../../../shaders/wgsl/planes.ts";
import { elementCount, type Shape } from "../../tensor.ts";
import type { DeviceTraits } from "../device-traits.ts";
import { cover, spread } from "../grid.ts";
import type { Call } from "../operator.ts";
import { viewParams } from "../parameters.ts";
import type { Sides3d, Triple } from "./window.ts";

export interface PlaneSizes {
  /** N * C */
  readonly planes: number;
  /** H, or D * H */
  readonly height: number;
  readonly width: number;
}

const invocations = 64;
const widest = 16;

/**
 * A workgroup of 64 invocations that small planes fill too, and the grid that covers the output. An invocation walks over
 * `planesEach` planes, or more where the device's grid is too short for all.
 */
export function planeGrid(
  { planes, height, width }: PlaneSizes,
  device: DeviceTraits,
  planesEach = 1,
): { readonly grid: PlaneGrid; readonly workgroups: Workgroup } {
  const x = Math.min(powerOfTwoAtLeast(width), widest);
  const y = Math.min(powerOfTwoAtLeast(height), invocations / x);
  const workgroup: Workgroup = [x, y, invocations / (x * y)];
  const [across, down, deep] = cover([width, height, Math.ceil(planes / planesEach)], workgroup);
  const most = device.maxWorkgroupsPerDimension;
  if (Math.max(across, down) <= most) {
    return { grid: { workgroup, flat: false }, workgroups: [across, down, Math.min(deep, most)] };
  }
  const pixels = spread(Math.ceil((width * height) / invocations), device);
  return { grid: { workgroup: [invocations, 1, 1], flat: true }, workgroups: [...pixels, Math.min(planes, most)] };
}

function powerOfTwoAtLeast(size: number): number {
  return 2 ** Math.ceil(Math.log2(size));
}

export function outputPlanes(call: Call): PlaneSizes {
  return planesOf(call.outputs[0].shape);
}

function planesOf(shape: Shape): PlaneSizes {
  const [items, channels, ...sizes] = shape as [number, number, ...number[]];
  return { planes: items * channels, height: elementCount(sizes.slice(0, -1)), width: sizes.at(-1)! };
}

/** Values for {@link planeParams}. */
export function planeValues(call: Call): Record<keyof typeof planeParams, number> {
  const { height, width } = planesOf(call.inputs[0].shape);
  const out = outputPlanes(call);
  return {
    planes: out.planes,
    channels: call.inputs[0].shape[1]!,
    height,
    width,
    out_height: out.height,
    out_width: out.width,
    ...viewParams("x", call.inputs[0]),
    ...viewParams("y", call.outputs[0]),
  };
}

/** Values for {@link volumeParams}; an image is a volume of one slice. */
export function volumeValues(call: Call): Record<keyof typeof volumeParams, number> {
  const [depth, height] = asTriple(call.inputs[0].shape.slice(2), 1);
  const [outDepth, outHeight] = asTriple(call.outputs[0].shape.slice(2), 1);
  return { depth, slice_height: height, out_depth: outDepth, out_slice_height: outHeight };
}

/** Sizes of sliding windows along the three axes, and where the first one starts; an image has windows one slice deep. */
export function windowValues(window: {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
}) {
  const kernel = asTriple(window.kernel, 1);
  const stride = asTriple(window.stride, 1);
  const [front, top, left] = asSides3d(window.padding);
  return {
    kernel_depth: kernel[0],
    kernel_height: kernel[1],
    kernel_width: kernel[2],
    stride_depth: stride[0],
    stride_height: stride[1],
    stride_width: stride[2],
    pad_front: front,
    pad_top: top,
    pad_left: left,
  };
}

/** Numbers per axis; a pair gets `depth` before it. */
export function asTriple(size: readonly number[], depth: number): Triple {
  const [width, height, first = depth] = size.toReversed() as [number, number, number?];
  return [first, height, width];
}

/** Padding on six sides, none in front of and behind an image. */
export function asSides3d(sides: readonly number[]): Sides3d {
  const half = sides.length / 2;
  return [...asTriple(sides.slice(0, half), 0), ...asTriple(sides.slice(half), 0)];
}
