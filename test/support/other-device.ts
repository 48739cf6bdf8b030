// Kernels that believe in another device, so that what is chosen on few devices gets tested on every one.
import type { DeviceTraits } from "../../src/ops/device-traits.ts";
import type { OperatorCases } from "./operator-cases.ts";

/** The kernels that a hardware adapter gets, on software adapters too. */
export function onHardware<A extends object, G extends object>(suite: OperatorCases<A, G>): OperatorCases<A, G> {
  return onOtherDevice(suite, "as on hardware", { kind: "hardware" });
}

/** The suite with `traits` in place of the device's own; `where` tells its tests apart. */
export function onOtherDevice<A extends object, G extends object>(
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
  const operator = { ...suite.operator, name: `${suite.operator.name} ${where}`, kernels };
  return { ...suite, operator, withoutGradients: true };
}
