// A device whose grids have only two workgroups along an axis: what exists for more than 65,535 gets tested on few.
import type { OperatorCases } from "./operator-cases.ts";

/** The operator's cases about "several workgroups", with kernels that believe in a short grid. */
export function onShortGrid<A extends object, G extends object>(suite: OperatorCases<A, G>): OperatorCases<A, G> {
  const kernels = suite.operator.kernels.map((kernel) => ({
    ...kernel,
    dispatches: (...[call, device]: Parameters<typeof kernel.dispatches>) =>
      kernel.dispatches(call, { ...device, maxWorkgroupsPerDimension: 2 }),
  }));
  return {
    ...suite,
    operator: { ...suite.operator, name: `${suite.operator.name} on a short grid`, kernels },
    cases: suite.cases.filter(({ why }) => why.includes("several workgroups")),
  };
}
