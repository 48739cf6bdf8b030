// Limits of devices that this machine may not have, as data: what such devices are commonly said to have. None was asked here, and
// drivers differ.
import { defaultTraits } from "../../src/models/inspect.ts";
import type { DeviceTraits } from "../../src/ops/device-traits.ts";

const wide = { ...defaultTraits, maxWorkgroupInvocations: 1024, maxWorkgroupStorageBytes: 32768 };

export const deviceTable: Readonly<Record<string, DeviceTraits>> = {
  default: defaultTraits,
  apple: { ...wide, maxBufferBytes: 2 ** 32 - 4, subgroupSize: 32 },
  // Subgroups of 8 to 32 lanes: the size is the compiler's choice.
  intel: { ...wide, maxBufferBytes: 2 ** 30 },
  mali: { ...wide, maxWorkgroupInvocations: 512, maxBufferBytes: 2 ** 28, subgroupSize: 16 },
  nvidia: { ...wide, maxWorkgroupStorageBytes: 49152, maxBufferBytes: 2 ** 31 - 4, subgroupSize: 32 },
  lavapipe: { ...wide, kind: "software", subgroupSize: 8 },
  swiftshader: { ...defaultTraits, kind: "software" },
};
