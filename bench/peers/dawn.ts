// Dawn as `navigator.gpu`, for engines that are written for browsers: the same package, flags and drivers as atrous has.
import { embeddedDriver } from "../../src/gpu/embedded-driver.ts";
import { silencer } from "../../src/gpu/native.ts";
import { systemVulkan } from "../../src/gpu/system-vulkan.ts";
import { loadPackage } from "../../src/package.ts";

/** One object for all peers, kept for good: once it is collected, later calls on its devices crash or hang. */
let provided: Promise<GPU> | undefined;

/** Call this before an engine is imported: engines look for `navigator.gpu` as they load. */
export async function provideDawn(): Promise<void> {
  provided ??= createDawn();
  const gpu = await provided;
  // Node has a navigator since version 21, without `gpu`; jax-js looks for the browser's name in it.
  if (typeof navigator === "undefined") {
    const value = { userAgent: `Node.js/${process.versions.node}` };
    Object.defineProperty(globalThis, "navigator", { value, configurable: true, writable: true });
  }
  if (navigator.gpu !== gpu) Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });
}

async function createDawn(): Promise<GPU> {
  await shareEmbeddedDriver();
  const { create, globals } = await loadPackage("webgpu", () => import("webgpu"));
  // GPUBufferUsage and its like, which browsers have.
  Object.assign(globalThis, globals);
  const backends: Readonly<Record<string, string>> = { linux: "vulkan", darwin: "metal", win32: "d3d12" };
  const backend = backends[process.platform];
  const dawn = create(["disable-dawn-features=timestamp_quantization", ...(backend ? [`backend=${backend}`] : [])]);
  // Dawn prints two warnings about a limit of lavapipe each time that it looks for adapters.
  const request = dawn.requestAdapter.bind(dawn);
  const quietly = await silencer();
  dawn.requestAdapter = (options) => quietly(() => request(options));
  return dawn;
}

/** Peers find their driver through the environment: where atrous falls back on its embedded one, they get the same. */
export async function shareEmbeddedDriver(): Promise<void> {
  if (process.platform !== "linux" || systemVulkan().drivers.length > 0) return;
  const driver = embeddedDriver();
  if (!driver) return;
  if (!systemVulkan().loader) await driver.loadLoader();
  process.env.VK_DRIVER_FILES = driver.manifest;
}
