// Kernels that fold rows: an invocation or a workgroup for each.
import { soloRows } from "../../shaders/fold.ts";
import { type DeviceTraits, spread } from "./operator.ts";

/** Invocations that share a long row. */
export const rowLanes = 128;

export function rowGrid(rows: number, lanes: number, device: DeviceTraits): [number, number, number] {
  return [...spread(lanes > 1 ? rows : Math.ceil(rows / soloRows), device), 1];
}
