// Kernels that read their weights in another order.
import { byteLength } from "../../tensor.ts";
import type { DeviceTraits } from "../device-traits.ts";
import type { Call, Kernel } from "../operator.ts";

/** A kernel that refuses calls whose packed inputs, padded as they are, exceed what the device binds. */
export function withFittingPacks<A extends object, I extends number>(kernel: Kernel<A, I>): Kernel<A, I> {
  if (!kernel.packs) return kernel;
  return { ...kernel, applies: (call, device) => kernel.applies(call, device) && packsFit(kernel, call, device) };
}

function packsFit<A extends object, I extends number>(
  kernel: Kernel<A, I>,
  call: Call<A, I>,
  device: DeviceTraits,
): boolean {
  const inputs: Call["inputs"] = call.inputs;
  return (kernel.packs?.(call, device) ?? []).every(({ input, operator, given }) => {
    const source = inputs[input];
    if (!source) return true;
    return operator
      .shape([source], operator.attributes(given))
      .every((type) => byteLength(type) <= device.maxBufferBytes);
  });
}
