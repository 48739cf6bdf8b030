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
  return new Proxy(device, {
    get(target, key) {
      if (key === "features") return features;
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
