// Opens a GPU in Node, through Dawn. The only file that imports Dawn (the package `webgpu`).
//
// On Linux the Vulkan driver is the machine's; where it has none and software will do, the embedded one.
// Environment variables are changed only while a device is opened, and put back. A process that opened a device ends by
// itself, disposed of or not: Dawn holds no handle that keeps Node alive, as long as its own objects are never collected.

import { DeviceError } from "../errors.ts";
import { missingPackage } from "../package.ts";
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
import { adviceFor } from "./advice.ts";
import { embeddedDriver } from "./embedded-driver.ts";
import { Gpu } from "./gpu.ts";
import { silencer } from "./native.ts";
import { createPacer } from "./pacer.ts";
import { systemVulkan } from "./system-vulkan.ts";

export type { OpenOptions } from "./adapter.ts";

/**
 * Opens a device with the largest limits that its adapter has, or wraps `options.device`.
 * Throws DeviceError `no-adapter` with what was found and what to install, `unsupported` when Dawn does not load.
 */
export async function openGpu(options: OpenOptions = {}): Promise<Gpu> {
  const debug = checkOpenOptions(options).debug ?? false;
  if (options.device) return Gpu.fromDevice(options.device, { owned: false, debug });
  const { device, description } = await openDevice(options);
  const pacing = description.kind === "software" && { pacer: createPacer() };
  const reopen = async () => (await openDevice(options, description)).device;
  return Gpu.fromDevice(device, { adapter: description, owned: true, debug, reopen, ...pacing });
}

interface OpenedDevice {
  readonly device: GPUDevice;
  readonly description: AdapterDescription;
}

/** Of the adapter that `before` describes, where it is given. */
async function openDevice(options: OpenOptions, before?: AdapterDescription): Promise<OpenedDevice> {
  const opened = opening.then(async () => {
    const adapter = await findAdapter(options);
    const description = describeAdapter(adapter.info);
    if (before) requireSameAdapter(description, before);
    return { device: await adapter.requestDevice(deviceDescriptor(adapter)), description };
  });
  opening = opened.catch(() => undefined);
  return opened;
}

/** One opening at a time: the environment belongs to the whole process. */
let opening: Promise<unknown> = Promise.resolve();

async function findAdapter(options: OpenOptions): Promise<GPUAdapter> {
  const wanted = options.adapter ?? "auto";
  const found = new Set<string>();
  for (const candidates of [systemAdapters, embeddedAdapters]) {
    try {
      for await (const adapter of candidates(options)) {
        const description = describeAdapter(adapter.info);
        found.add(formatAdapter(description));
        if (wanted === "auto" || wanted === description.kind || adapterMatches(description, wanted)) return adapter;
      }
    } catch (error) {
      if (error instanceof DeviceError) throw error;
      found.add(`the embedded software driver, which failed: ${messageOf(error)}`);
    }
  }
  const list = [...found].join("; ") || "none";
  throw new DeviceError(
    "no-adapter",
    `openGpu: no adapter for "${wanted}"; found: ${list}\n${adviceFor(process.platform)}`,
  );
}

/** The machine's adapters, the preferred one first. Some come twice. */
async function* systemAdapters({ adapter: wanted = "auto", powerPreference }: OpenOptions): AsyncGenerator<GPUAdapter> {
  let quietly = <T>(work: () => T): T => work();
  if (process.platform === "linux") {
    const { loader, drivers } = systemVulkan();
    if (!loader || drivers.length === 0) return;
    // Dawn prints two warnings about a limit of lavapipe. Other drivers give no cause to load koffi for.
    if (drivers.some((path) => path.includes("lvp"))) quietly = await silencer();
  }
  const preferredDawn = await dawn();
  const options = { ...(powerPreference && { powerPreference }) };
  const preferred = await quietly(() => preferredDawn.requestAdapter(options));
  if (preferred) yield preferred;
  // Dawn prefers hardware; each further look at the drivers takes time.
  if (wanted === "auto") return;
  for (const name of await adapterNames(quietly)) {
    const namedDawn = await dawn(`adapter=${name}`);
    const adapter = await quietly(() => namedDawn.requestAdapter());
    if (adapter) yield adapter;
  }
}

async function* embeddedAdapters(options: OpenOptions): AsyncGenerator<GPUAdapter> {
  if (options.adapter === "hardware") return;
  const driver = embeddedDriver();
  if (!driver) return;
  if (!systemVulkan().loader) await driver.loadLoader();
  // The Vulkan loader reads these when a Dawn object is first asked for an adapter.
  const variables = { VK_DRIVER_FILES: driver.manifest, VK_ICD_FILENAMES: driver.manifest };
  const adapter = await withEnvironment(variables, async () => (await dawn()).requestAdapter());
  if (adapter) yield adapter;
}

/** Dawn lists its adapters only in the message about one that does not exist. */
async function adapterNames(quietly: <T>(work: () => T) => T): Promise<string[]> {
  const noDawn = await dawn("adapter=?");
  try {
    await quietly(() => noDawn.requestAdapter());
    return [];
  } catch (error) {
    return [...messageOf(error).matchAll(/name: '(.*)'/g)].map((match) => match[1]!);
  }
}

const BACKENDS: { readonly [platform in NodeJS.Platform]?: string } = {
  linux: "vulkan",
  darwin: "metal",
  win32: "d3d12",
};

/** Dawn's own objects. Once such an object is collected, later calls on its devices crash or hang: kept for good. */
const kept = new Map<string, GPU>();

/** Dawn with these flags and the drivers that the environment names now. */
async function dawn(...flags: string[]): Promise<GPU> {
  const backend = BACKENDS[process.platform];
  // Timestamps are rounded to 65 us without the first flag.
  const all = ["disable-dawn-features=timestamp_quantization", ...(backend ? [`backend=${backend}`] : []), ...flags];
  const key = [process.env.VK_DRIVER_FILES, process.env.VK_ICD_FILENAMES, process.env.VK_ADD_DRIVER_FILES, ...all].join(
    "\n",
  );
  let gpu = kept.get(key);
  if (!gpu) {
    try {
      const { create } = await import("webgpu");
      gpu = create(all);
    } catch (error) {
      const isMissing = missingPackage(error) === "webgpu";
      const why = isMissing ? "is not installed: npm install webgpu" : `does not load here: ${messageOf(error)}`;
      const message = `openGpu: Dawn (package "webgpu") ${why}`;
      throw new DeviceError("unsupported", message, { cause: error });
    }
    kept.set(key, gpu);
  }
  return gpu;
}

/** Sets variables of the process while `work` runs. */
async function withEnvironment<T>(values: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
