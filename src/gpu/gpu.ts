// A device with its pipelines and buffers, whose every failure is a DeviceError that names a shader, node or buffer.
//
// Contract: browser-safe, no Dawn import. A lost device is always an error, never zeros. A device that the caller brought is
// never destroyed, and errors of the caller's own work on it are left to the caller.
// Limits: one queue; compute only.

import { DeviceError, UsageError } from "../errors.ts";
import { shown } from "../options.ts";
import { type AdapterDescription, describeAdapter } from "./adapter.ts";
import { ErrorLog } from "./error-log.ts";
import type { Pacer } from "./pacer.ts";
import { PipelineCache, type PipelineSource } from "./pipelines.ts";
import { BufferUsage, MapMode } from "./usage.ts";

export type { AdapterDescription, OpenOptions } from "./adapter.ts";
export type { PipelineSource } from "./pipelines.ts";
export { BufferUsage } from "./usage.ts";

export interface GpuOptions {
  /** Read from the device where absent. */
  readonly adapter?: AdapterDescription;
  /** Whether `dispose` destroys the device. */
  readonly owned: boolean;
  /** `dispose` then fails when buffers are still alive, and shaders with warnings are refused. */
  readonly debug?: boolean;
  /** Told of waits for work on the device, and for pipelines. */
  readonly pacer?: Pacer;
  /** Called last by `dispose`. */
  readonly onDispose?: () => void | Promise<void>;
  /** Opens a device of the same adapter, in place of one that was lost. */
  readonly reopen?: () => Promise<GPUDevice>;
}

/** What belongs to one device: all of it is new after a loss. */
interface Life {
  readonly device: GPUDevice;
  readonly adapter: AdapterDescription;
  readonly features: ReadonlySet<string>;
  readonly errors: ErrorLog;
  readonly pipelines: PipelineCache;
  readonly buffers: Map<GPUBuffer, { readonly bytes: number; readonly label: string }>;
}

function beginLife(device: GPUDevice, { adapter, owned, debug = false, reopen }: GpuOptions): Life {
  const afterLoss = reopen ? "the next run opens it again" : "give another one to restore";
  const errors = new ErrorLog(device, { owned, afterLoss });
  const pipelines = new PipelineCache(device, errors, debug);
  return {
    device,
    adapter: adapter ?? describeAdapter(device.adapterInfo),
    features: new Set(device.features),
    errors,
    pipelines,
    buffers: new Map(),
  };
}

/**
 * An open GPU, from `openGpu`: what graphs are compiled on. It owns its buffers; `dispose` gives everything back. A device that is
 * lost is opened again by the next run, load or `reopen`, where this object opened it; a caller gives its own by `restore`.
 */
export class Gpu {
  readonly #options: GpuOptions;
  #life: Life;
  #allocatedBytes = 0;
  #reopening: Promise<void> | undefined;
  #disposing: Promise<void> | undefined;

  private constructor(device: GPUDevice, options: GpuOptions) {
    this.#options = options;
    this.#life = beginLife(device, options);
  }

  /** Another one after a loss. */
  get device(): GPUDevice {
    return this.#life.device;
  }

  get adapter(): AdapterDescription {
    return this.#life.adapter;
  }

  get limits(): GPUSupportedLimits {
    return this.#life.device.limits;
  }

  get features(): ReadonlySet<string> {
    return this.#life.features;
  }

  /** Resolves when the device of now is lost for any reason but `dispose`; after `dispose` it never does. */
  get lost(): Promise<DeviceError> {
    return this.#life.errors.lost;
  }

  get isLost(): boolean {
    return this.#life.errors.isLost;
  }

  static fromDevice(device: GPUDevice, options: GpuOptions): Gpu {
    return new Gpu(device, options);
  }

  /**
   * Compute pipelines with automatic layout and entry point `main`, one for each source, compiled in parallel.
   * The same code is compiled once for the life of this object, whatever its label.
   * Throws DeviceError `validation` with the label, each message as line:column, and the lines it is about; in debug mode for
   * warnings too.
   */
  async pipelines(
    sources: readonly PipelineSource[],
    onProgress?: (done: number, total: number) => void,
  ): Promise<GPUComputePipeline[]> {
    this.check();
    return this.waitFor(this.#life.pipelines.get(sources, onProgress));
  }

  /**
   * Creates a buffer of `bytes` rounded up to a multiple of 4. The GPU's own refusal (out of memory) comes later: from the
   * `guard` around this call, else from the next `check`.
   * Throws DeviceError `unsupported` when the device has no buffers or storage bindings of that size.
   */
  createBuffer(bytes: number, usage: GPUBufferUsageFlags, label: string): GPUBuffer {
    this.#life.errors.throwIfGone();
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw new DeviceError("validation", `buffer "${label}": size is ${bytes} bytes, expected a whole number >= 0`);
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const limit = (usage & BufferUsage.STORAGE) !== 0 ? "maxStorageBufferBindingSize" : "maxBufferSize";
    const largest = Math.min(this.limits[limit], this.limits.maxBufferSize);
    if (size > largest) {
      const found = `needs ${size} bytes, ${limit} of this adapter is ${largest}`;
      const todo = "a smaller batch or image, or f16, takes less";
      throw new DeviceError("unsupported", `buffer "${label}": too large: ${found} (${this.adapter.driver}); ${todo}`);
    }
    const buffer = this.#life.errors.watch(`buffer "${label}" of ${size} bytes`, () =>
      this.device.createBuffer({ size, usage, label }),
    );
    this.#life.buffers.set(buffer, { bytes: size, label });
    this.#allocatedBytes += size;
    return buffer;
  }

  /** Destroys a buffer of `createBuffer`; a second time does nothing. */
  destroyBuffer(buffer: GPUBuffer): void {
    const entry = this.#life.buffers.get(buffer);
    if (!entry) return;
    this.#life.buffers.delete(buffer);
    this.#allocatedBytes -= entry.bytes;
    buffer.destroy();
  }

  /** Live buffers of `createBuffer` and their bytes. */
  get allocated(): { readonly buffers: number; readonly bytes: number } {
    return { buffers: this.#life.buffers.size, bytes: this.#allocatedBytes };
  }

  /**
   * Runs GPU work and rejects with a DeviceError that names `label` if the GPU refuses any of it, or if the device is or
   * becomes lost. What `work` does before its first `await` runs in error scopes of its own. Errors of what it does later
   * are seen only on a device that this object owns, and every guard open at that time reports them.
   */
  async guard<T>(label: string, work: () => T | Promise<T>): Promise<T> {
    this.check();
    return this.#life.errors.guard(label, work);
  }

  /** Awaits what ends with work on the device. */
  async waitFor<T>(ending: Promise<T>): Promise<T> {
    const { pacer } = this.#options;
    pacer?.begin();
    try {
      return await ending;
    } finally {
      pacer?.end();
    }
  }

  /** Copies `bytes` bytes from `offset` (a multiple of 4) back to the host. Throws DeviceError, `lost` included. */
  async read(buffer: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    this.check();
    const label = `read ${bytes} bytes of buffer "${buffer.label}"`;
    const size = Math.ceil(bytes / 4) * 4;
    if (size === 0) return new ArrayBuffer(0);
    const { device } = this;
    return this.#life.errors.guard(label, async () => {
      const usage = BufferUsage.MAP_READ | BufferUsage.COPY_DST;
      const staging = device.createBuffer({ size, usage, label: `staging: ${label}` });
      try {
        const encoder = device.createCommandEncoder({ label });
        encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
        device.queue.submit([encoder.finish()]);
        await staging.mapAsync(MapMode.READ);
        return staging.getMappedRange().slice(0, bytes);
      } finally {
        staging.destroy();
      }
    });
  }

  /**
   * Throws DeviceError `lost`, `disposed`, or an error of earlier work that no guard has reported; that one is thrown once.
   * Call before work.
   */
  check(): void {
    this.#life.errors.check();
  }

  /**
   * Opens a device again in place of one that was lost; nothing happens where none was. What was compiled runs again by itself,
   * and buffers of before are gone. Throws DeviceError `lost` where the caller opened the device, or its adapter is not there any more.
   */
  async reopen(): Promise<void> {
    if (!this.isLost || this.#disposing) return this.#life.errors.throwIfGone();
    const { reopen } = this.#options;
    if (!reopen) return this.#life.errors.throwIfGone();
    this.#reopening ??= reopen()
      .then((device) => {
        if (this.#disposing) device.destroy();
        else this.#begin(device);
      })
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        throw new DeviceError("lost", `GPU device lost, and it does not open again: ${reason}`, { cause: error });
      })
      .finally(() => {
        this.#reopening = undefined;
      });
    await this.#reopening;
    return this.#life.errors.throwIfGone();
  }

  /**
   * Goes on with another device of the caller's, in place of the one given to `openGpu`; what was compiled is compiled again by
   * the next run. What is under way on the one before rejects with DeviceError `lost`. Throws UsageError where this object opened its
   * device, and for what is no GPUDevice.
   */
  restore(device: GPUDevice): void {
    if (this.#options.owned) throw new UsageError("restore: openGpu opened the device, which comes back by itself");
    if (this.#disposing) this.#life.errors.throwIfGone();
    if (device !== this.device) this.#begin(requireDevice(device));
  }

  #begin(device: GPUDevice): void {
    const { errors, buffers, device: before } = this.#life;
    errors.retire();
    // The caller's device may be alive, and only the driver's own objects of a lost one are gone.
    for (const buffer of buffers.keys()) buffer.destroy();
    if (this.#options.owned) before.destroy();
    this.#life = beginLife(device, this.#options);
    this.#allocatedBytes = 0;
  }

  /**
   * Destroys this object's buffers, and the device if it is owned. Calling it again gives the same result.
   * Throws DeviceError `internal` in debug mode when buffers were still alive, naming them.
   */
  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  async #dispose(): Promise<void> {
    const alive = [...this.#life.buffers.values()];
    const bytes = this.#allocatedBytes;
    this.#life.errors.close();
    for (const buffer of this.#life.buffers.keys()) buffer.destroy();
    this.#life.buffers.clear();
    this.#allocatedBytes = 0;
    this.#life.pipelines.clear();
    if (this.#options.owned) this.device.destroy();
    await this.#options.onDispose?.();
    if (this.#options.debug && alive.length > 0) {
      const shown = alive.slice(0, 8).map(({ label }) => `"${label}"`);
      if (alive.length > shown.length) shown.push("...");
      const found = `${alive.length} buffers (${bytes} bytes) still alive, expected none: ${shown.join(", ")}`;
      throw new DeviceError("internal", `dispose: ${found}`);
    }
  }
}

/** Throws UsageError, beginning with `where`, for what is no open GPU: above all for a bare GPUDevice. */
export function requireGpu(where: string, gpu: unknown): void {
  if (typeof gpu === "object" && gpu !== null && "guard" in gpu) return;
  const isBare = isDevice(gpu);
  const got = isBare ? "a GPUDevice" : shown(gpu);
  const todo = isBare ? "that of `await openGpu({ device })`" : "one of `await openGpu()`";
  throw new UsageError(`${where}: got ${got} in place of a Gpu, expected ${todo}`);
}

function requireDevice(device: unknown): GPUDevice {
  if (isDevice(device)) return device;
  throw new UsageError(`restore: got ${shown(device)}, expected a GPUDevice`);
}

/** By a method: Dawn's classes are no globals in Node. */
function isDevice(given: unknown): given is GPUDevice {
  return typeof given === "object" && given !== null && "createCommandEncoder" in given;
}
