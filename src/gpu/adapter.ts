// What is said of an adapter in records and messages, and what is asked of it when a device is made.

import { DeviceError } from "../errors.ts";
import { checkOptions, flag, oneOf, record, word } from "../options.ts";

/** Names as the driver gives them; any of them may be empty, browsers hide most. */
export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly kind: "hardware" | "software";
  /** One short line for records, for example `SwiftShader driver 5.0.0 (software)`. */
  readonly driver: string;
}

/** Which adapter `openGpu` opens, or the device that it takes. Default: the best adapter there is. */
export interface OpenOptions {
  /** The caller's own device: it is used and never destroyed. No other option but `debug` applies. */
  readonly device?: GPUDevice;
  /**
   * `auto` (default): hardware if there is any, otherwise software. `hardware`, `software`: only that.
   * Any other text: the first adapter with that text in one of its names, upper and lower case alike.
   */
  readonly adapter?: "auto" | "hardware" | "software" | (string & {});
  /** `dispose` then fails when buffers are still alive, and names them; shaders with warnings are refused. */
  readonly debug?: boolean;
  readonly powerPreference?: GPUPowerPreference;
}

/** Throws UsageError for an unknown option or a wrong value. */
export function checkOpenOptions(options: OpenOptions): OpenOptions {
  return checkOptions("openGpu", options, {
    device: record,
    adapter: word,
    debug: flag,
    powerPreference: oneOf("low-power", "high-performance"),
  });
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|\bwarp\b|microsoft basic render/i;

/** Older browsers give no `info`; its names are then empty. Neither Dawn nor browsers mark every software adapter as a fallback, so the names count too. */
export function describeAdapter(info: Partial<GPUAdapterInfo> = {}): AdapterDescription {
  const { vendor = "", architecture = "", device = "", description = "" } = info;
  const names = [vendor, architecture, device, description];
  const kind = info.isFallbackAdapter || SOFTWARE.test(names.join(" ")) ? "software" : "hardware";
  const name = description || device || [vendor, architecture].filter(Boolean).join(" ") || "unnamed adapter";
  return { vendor, architecture, device, description, kind, driver: kind === "software" ? `${name} (software)` : name };
}

/** `nvidia / ampere / RTX 3060 / NVIDIA: 550.54 (hardware)`, for messages. */
export function formatAdapter(adapter: AdapterDescription): string {
  const names = [adapter.vendor, adapter.architecture, adapter.device, adapter.description].filter(Boolean);
  return `${names.join(" / ") || "unnamed adapter"} (${adapter.kind})`;
}

export function adapterMatches(adapter: AdapterDescription, text: string): boolean {
  const wanted = text.toLowerCase();
  const { vendor, architecture, device, description } = adapter;
  return [vendor, architecture, device, description].some((name) => name.toLowerCase().includes(wanted));
}

const FEATURES = ["timestamp-query", "shader-f16", "subgroups"] as const satisfies readonly GPUFeatureName[];

const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxUniformBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxUniformBuffersPerShaderStage",
  "maxBindingsPerBindGroup",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** The features this engine can use and the largest limits that matter to compute, as far as `adapter` has them. */
export function deviceDescriptor(adapter: GPUAdapter): GPUDeviceDescriptor {
  const requiredLimits: Record<string, number> = {};
  for (const name of LIMITS) {
    const value = adapter.limits[name];
    if (typeof value === "number") requiredLimits[name] = value;
  }
  return {
    label: "atrous",
    requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
    requiredLimits,
  };
}

/** Throws DeviceError `no-adapter` where another adapter than before is offered: bits and speed would be others. */
export function requireSameAdapter(found: AdapterDescription, before: AdapterDescription): void {
  const [got, expected] = [formatAdapter(found), formatAdapter(before)];
  if (got !== expected) throw new DeviceError("no-adapter", `got ${got}, expected ${expected} as before`);
}
