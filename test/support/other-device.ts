// Kernels that believe in another device, so that what is chosen on few devices gets tested on every one.
import type { DeviceTraits } from "../../src/ops/operator.ts";
import type { OperatorCases } from "./operator-cases.ts";

/** Grids with only two workgroups along an axis, for the operator's cases about several workgroups. */
export function onShortGrid<A extends object, G extends object>(suite: OperatorCases<A, G>): OperatorCases<A, G> {
  const cases = suite.cases.filter(({ why }) => why.includes("several workgroups"));
  return pretend({ ...suite, cases }, "on a short grid", { maxWorkgroupsPerDimension: 2 });
}

/** All cases with the kernels that a hardware adapter gets, for software adapters. */
export function onHardware<A extends object, G extends object>(suite: OperatorCases<A, G>): OperatorCases<A, G> {
  return pretend(suite, "as on hardware", { kind: "hardware" });
}

function pretend<A extends object, G extends object>(
  suite: OperatorCases<A, G>,
  where: string,
  traits: Partial<DeviceTraits>,
): OperatorCases<A, G> {
  const kernels = suite.operator.kernels.map((kernel) => ({
    ...kernel,
    applies: (...[call, device]: Parameters<typeof kernel.applies>) => kernel.applies(call, { ...device, ...traits }),
    dispatches: (...[call, device]: Parameters<typeof kernel.dispatches>) =>
      kernel.dispatches(call, { ...device, ...traits }),
  }));
  return { ...suite, operator: { ...suite.operator, name: `${suite.operator.name} ${where}`, kernels } };
}
