// The device that a test file owns. ATROUS_TEST_ADAPTER chooses another adapter than the default.
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openGpu } from "../../src/gpu/node.ts";

export function openTestGpu(): Promise<Gpu> {
  return openGpu({ adapter: process.env.ATROUS_TEST_ADAPTER ?? "auto", debug: true });
}

/** The device as it would be without an optional feature. */
export function withoutFeature(device: GPUDevice, feature: GPUFeatureName): GPUDevice {
  const features = new Set<string>(device.features);
  features.delete(feature);
  return overridden(device, { features });
}

/** The device with what hardware adapters get planned for them: kernels, tiles and decompositions. */
export function asHardware(gpu: Gpu): Gpu {
  return overridden(gpu, { adapter: { ...gpu.adapter, kind: "hardware" } });
}

/** An object that answers otherwise for some of its members. */
function overridden<T extends object>(object: T, members: { readonly [K in keyof T]?: unknown }): T {
  return new Proxy(object, {
    get(target, key) {
      if (Object.hasOwn(members, key)) return Reflect.get(members, key);
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
