// Opens a GPU in a browser, through `navigator.gpu`.

import { DeviceError, UsageError } from "../errors.ts";
import {
  type AdapterDescription,
  adapterMatches,
  checkOpenOptions,
  describeAdapter,
  deviceDescriptor,
  formatAdapter,
  type OpenOptions,
  requireSameAdapter,
} from "./adapter.ts";
import { Gpu } from "./gpu.ts";

/**
 * Opens a device with the largest limits that its adapter has, or wraps `options.device`.
 * A browser offers at most a preferred and a fallback adapter; `options.adapter` chooses between them.
 * Throws DeviceError `no-adapter` with what was found and what to do.
 */
export async function openGpu(options: OpenOptions = {}): Promise<Gpu> {
  const debug = checkOpenOptions(options).debug ?? false;
  if (options.device) return Gpu.fromDevice(options.device, { owned: false, debug });
  const { device, description } = await openDevice(options);
  const reopen = async () => (await openDevice(options, description)).device;
  return Gpu.fromDevice(device, { adapter: description, owned: true, debug, reopen });
}

interface OpenedDevice {
  readonly device: GPUDevice;
  readonly description: AdapterDescription;
}

/** Of the adapter that `before` describes, where it is given. */
async function openDevice(options: OpenOptions, before?: AdapterDescription): Promise<OpenedDevice> {
  const gpu = globalThis.navigator?.gpu;
  if (!gpu && typeof globalThis.process?.versions?.node === "string")
    throw new UsageError("openGpu: this is Node, expected the openGpu of atrous/node");
  if (!gpu)
    throw new DeviceError(
      "no-adapter",
      "openGpu: this browser or page has no WebGPU; use a current Chrome, Edge, Safari or Firefox, on a page served over " +
        "https or from localhost",
    );
  const wanted = options.adapter ?? "auto";
  const requests: GPURequestAdapterOptions[] = [
    { ...(options.powerPreference && { powerPreference: options.powerPreference }) },
    { forceFallbackAdapter: true },
  ];
  const found: string[] = [];
  for (const request of requests) {
    const adapter = await gpu.requestAdapter(request);
    if (!adapter) continue;
    const description = describeAdapter(adapter.info);
    const fits = wanted === "auto" || wanted === description.kind || adapterMatches(description, wanted);
    if (fits) {
      if (before) requireSameAdapter(description, before);
      return { device: await adapter.requestDevice(deviceDescriptor(adapter)), description };
    }
    found.push(formatAdapter(description));
  }
  const advice = "turn on hardware acceleration in the browser's settings and update the graphics driver";
  throw new DeviceError(
    "no-adapter",
    `openGpu: no adapter for "${wanted}"; found: ${found.join("; ") || "none"}; ${advice}`,
  );
}
