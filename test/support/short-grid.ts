// A device whose grids have only two workgroups along an axis: what exists for more than 65,535 gets tested on few.
import type { OperatorCases } from "./operator-cases.ts";
import { onOtherDevice } from "./other-device.ts";

/** The operator's cases about "several workgroups", with kernels that believe in a short grid. */
export function onShortGrid<A extends object, G extends object>(suite: OperatorCases<A, G>): OperatorCases<A, G> {
  const cases = suite.cases.filter(({ why }) => why.includes("several workgroups"));
  return onOtherDevice({ ...suite, cases }, "on a short grid", { maxWorkgroupsPerDimension: 2 });
}
