// Opens a GPU in Node, through Dawn. The only file that imports Dawn (the package `webgpu`).
//
// On Linux the Vulkan driver is the machine's; where it has none and software will do, the embedded one.

import { DeviceError } from "../errors.ts";
import { adapterMatches, describeAdapter, deviceDescriptor, formatAdapter, type OpenOptions } from "./adapter.ts";
import { adviceFor } from "./advice.ts";
import { type EmbeddedDriver, embeddedDriver } from "./embedded-driver.ts";
import { Gpu } from "./gpu.ts";
import { systemVulkan } from "./system-vulkan.ts";

/** Dawn's own objects. Once such an object is collected, later calls on its devices crash or hang: kept for good. */
const kept: GPU[] = [];

/**
 * Opens a device with the largest limits that its adapter has, or wraps `options.device`.
 * The process exits by itself, whether `dispose` was called or not.
 * Throws DeviceError `no-adapter` with what was found and what to install, `unsupported` when Dawn does not load.
 */
export async function openGpu(options: OpenOptions = {}): Promise<Gpu> {
  const debug = options.debug ?? false;
  if (options.device) return Gpu.fromDevice(options.device, { owned: false, debug });
  const adapter = await findAdapter(options);
  const device = await adapter.requestDevice(deviceDescriptor(adapter));
  return Gpu.fromDevice(device, { adapter: describeAdapter(adapter.info), owned: true, debug });
}

async function findAdapter(options: OpenOptions): Promise<GPUAdapter> {
  const wanted = options.adapter ?? "auto";
  const found = new Set<string>();
  for (const candidates of [systemAdapters, embeddedAdapters]) {
    for await (const adapter of candidates(options)) {
      const description = describeAdapter(adapter.info);
      if (wanted === "auto" || wanted === description.kind || adapterMatches(description, wanted)) return adapter;
      found.add(formatAdapter(description));
    }
  }
  const list = found.size > 0 ? [...found].join("; ") : "none";
  throw new DeviceError(
    "no-adapter",
    `openGpu: no adapter for "${wanted}"; found: ${list}\n${adviceFor(process.platform)}`,
  );
}

/** The machine's adapters, the preferred one first. */
async function* systemAdapters(options: OpenOptions): AsyncGenerator<GPUAdapter> {
  if (process.platform === "linux") {
    const { loader, drivers } = systemVulkan();
    if (!loader || drivers.length === 0) return;
  }
  const { powerPreference } = options;
  const preferred = await (await createDawn()).requestAdapter({ ...(powerPreference && { powerPreference }) });
  if (preferred) yield preferred;
  if (options.adapter === undefined || options.adapter === "auto") return;
  for (const name of await adapterNames()) {
    const adapter = await (await createDawn(`adapter=${name}`)).requestAdapter();
    if (adapter) yield adapter;
  }
}

async function* embeddedAdapters(options: OpenOptions): AsyncGenerator<GPUAdapter> {
  if (options.adapter === "hardware") return;
  let driver: EmbeddedDriver | undefined;
  try {
    driver = embeddedDriver();
    if (!driver) return;
    if (!systemVulkan().loader) await driver.loadLoader();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const advice = adviceFor(process.platform);
    throw new DeviceError("no-adapter", `openGpu: the embedded software driver failed: ${reason}\n${advice}`, {
      cause: error,
    });
  }
  const adapter = await withDriver(driver.manifest, async () => (await createDawn()).requestAdapter());
  if (adapter) yield adapter;
}

/** The Vulkan loader reads these variables when a Dawn object is first asked for an adapter. */
async function withDriver<T>(manifest: string, work: () => Promise<T>): Promise<T> {
  const names = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] as const;
  const before = names.map((name) => process.env[name]);
  for (const name of names) process.env[name] = manifest;
  try {
    return await work();
  } finally {
    names.forEach((name, i) => {
      const value = before[i];
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    });
  }
}

/** Dawn lists its adapters only in the message about one that does not exist. */
async function adapterNames(): Promise<string[]> {
  try {
    await (await createDawn("adapter=?")).requestAdapter();
    return [];
  } catch (error) {
    const text = error instanceof Error ? error.message : "";
    return [...text.matchAll(/name: '(.*)'/g)].map((match) => match[1]!);
  }
}

const BACKENDS: { readonly [platform in NodeJS.Platform]?: string } = {
  linux: "vulkan",
  darwin: "metal",
  win32: "d3d12",
};

async function createDawn(...flags: string[]): Promise<GPU> {
  // Without XDG_RUNTIME_DIR Mesa's drivers complain on the user's screen.
  if (process.platform === "linux") process.env.XDG_RUNTIME_DIR ??= "/tmp";
  const backend = BACKENDS[process.platform];
  try {
    const { create } = await import("webgpu");
    // Timestamps are rounded to 65 us otherwise.
    const gpu = create([
      "disable-dawn-features=timestamp_quantization",
      ...(backend ? [`backend=${backend}`] : []),
      ...flags,
    ]);
    kept.push(gpu);
    return gpu;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DeviceError("unsupported", `openGpu: Dawn (package "webgpu") does not load here: ${reason}`, {
      cause: error,
    });
  }
}
