// The host's side of kernels that treat every image plane alike.
import type { planeParams, Workgroup } from "../../shaders/planes.ts";
import { type Call, cover, type DeviceTraits, viewParams } from "./operator.ts";

export interface PlaneSizes {
  /** N * C */
  readonly planes: number;
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
): { readonly workgroup: Workgroup; readonly workgroups: Workgroup } {
  const x = Math.min(powerOfTwoAtLeast(width), widest);
  const y = Math.min(powerOfTwoAtLeast(height), invocations / x);
  const workgroup: Workgroup = [x, y, invocations / (x * y)];
  const [across, down, deep] = cover([width, height, Math.ceil(planes / planesEach)], workgroup);
  return { workgroup, workgroups: [across, down, Math.min(deep, device.maxWorkgroupsPerDimension)] };
}

function powerOfTwoAtLeast(size: number): number {
  return 2 ** Math.ceil(Math.log2(size));
}

export function outputPlanes(call: Call): PlaneSizes {
  const [items, channels, height, width] = call.outputs[0]!.shape as [number, number, number, number];
  return { planes: items * channels, height, width };
}

/** Values for {@link planeParams}. */
export function planeValues(call: Call): Record<keyof typeof planeParams, number> {
  const [, channels, height, width] = call.inputs[0]!.shape as [number, number, number, number];
  const out = outputPlanes(call);
  return {
    planes: out.planes,
    channels,
    height,
    width,
    out_height: out.height,
    out_width: out.width,
    ...viewParams("x", call.inputs[0]!),
    ...viewParams("y", call.outputs[0]!),
  };
}
