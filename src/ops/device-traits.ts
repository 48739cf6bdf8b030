// What kernel choices may depend on.
import type { Gpu } from "../gpu/gpu.ts";

/** What kernel choices may depend on. */
export interface DeviceTraits {
  readonly kind: "hardware" | "software";
  readonly maxWorkgroupInvocations: number;
  readonly maxWorkgroupStorageBytes: number;
  readonly maxWorkgroupsPerDimension: number;
  /** Of one storage binding. */
  readonly maxBufferBytes: number;
  /** Lanes of every subgroup; absent where the device has no subgroups, or of more than one size. */
  readonly subgroupSize?: number;
}

/** What operators ask of a device when they choose a kernel. */
export function deviceTraits(gpu: Gpu): DeviceTraits {
  // Older browsers have no `adapterInfo` on the device.
  const info: Partial<GPUAdapterInfo> | undefined = gpu.device.adapterInfo;
  const hasOneSize = gpu.features.has("subgroups") && info?.subgroupMinSize === info?.subgroupMaxSize;
  const oneSize = hasOneSize ? info?.subgroupMinSize : undefined;
  return {
    ...(oneSize !== undefined && { subgroupSize: oneSize }),
    kind: gpu.adapter.kind,
    maxWorkgroupInvocations: gpu.limits.maxComputeInvocationsPerWorkgroup,
    maxWorkgroupStorageBytes: gpu.limits.maxComputeWorkgroupStorageSize,
    maxWorkgroupsPerDimension: gpu.limits.maxComputeWorkgroupsPerDimension,
    maxBufferBytes: Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize),
  };
}
