// Arithmetic of dispatch sizes.
import type { DeviceTraits } from "./device-traits.ts";

/** The workgroup counts that cover `size` invocations along each axis. */
export function cover(
  size: readonly [number, number, number],
  workgroup: readonly [number, number, number],
): [number, number, number] {
  return [Math.ceil(size[0] / workgroup[0]), Math.ceil(size[1] / workgroup[1]), Math.ceil(size[2] / workgroup[2])];
}

/** Workgroups of a one-dimensional grid: along x, and along y what the device does not take there. */
export function spread(workgroups: number, device: DeviceTraits): [x: number, y: number] {
  const rows = Math.ceil(workgroups / device.maxWorkgroupsPerDimension);
  return [Math.ceil(workgroups / rows), rows];
}
