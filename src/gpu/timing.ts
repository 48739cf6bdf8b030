// GPU time of compute passes, by timestamp queries.
//
// Limits: the feature `timestamp-query`; a fixed number of passes per reading. Browsers round to 100 us unless they are told
// not to; Dawn as `node.ts` opens it does not round. Software adapters time on the CPU's clock.

import { DeviceError } from "../errors.ts";
import type { Gpu } from "./gpu.ts";
import { BufferUsage } from "./usage.ts";

/** One pass. */
export interface PassTime {
  readonly label: string;
  /** From the pass's beginning to its end. NaN where the driver wrote no sensible pair. */
  readonly nanoseconds: number;
  /** Beginning since the beginning of the first pass of this reading. */
  readonly startNanoseconds: number;
}

const BYTES_PER_TIMESTAMP = 8;

/** The specification's largest query set. */
const MAX_PASSES = 4096 / 2;

/**
 * Times up to `capacity` passes at a time:
 * ```ts
 * const timer = GpuTimer.create(gpu, 2);             // undefined without the feature
 * encoder.beginComputePass({ timestampWrites: timer.pass("conv1") });
 * timer.resolve(encoder);                            // after the last pass, before finish()
 * device.queue.submit([encoder.finish()]);
 * const times = await timer.read();                  // one for each pass, and ready for the next passes
 * ```
 */
export class GpuTimer {
  readonly #gpu: Gpu;
  readonly #querySet: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #capacity: number;
  #labels: string[] = [];

  private constructor(gpu: Gpu, capacity: number) {
    this.#gpu = gpu;
    this.#capacity = capacity;
    const count = capacity * 2;
    this.#querySet = gpu.device.createQuerySet({ label: "pass times", type: "timestamp", count });
    const usage = BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC;
    this.#resolved = gpu.createBuffer(count * BYTES_PER_TIMESTAMP, usage, "pass times");
  }

  static isAvailable(gpu: Gpu): boolean {
    return gpu.features.has("timestamp-query");
  }

  /** Undefined where the device has no timestamps. Throws DeviceError `unsupported` for a capacity not in 1 to 2048. */
  static create(gpu: Gpu, capacity: number): GpuTimer | undefined {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > MAX_PASSES)
      throw new DeviceError("unsupported", `timer: capacity is ${capacity} passes, expected 1 to ${MAX_PASSES}`);
    return GpuTimer.isAvailable(gpu) ? new GpuTimer(gpu, capacity) : undefined;
  }

  /** For the descriptor of the next pass. Throws DeviceError `unsupported` beyond the capacity. */
  pass(label: string): GPUComputePassTimestampWrites {
    const index = this.#labels.length;
    if (index >= this.#capacity)
      throw new DeviceError("unsupported", `timer: pass "${label}" is one more than the capacity of ${this.#capacity}`);
    this.#labels.push(label);
    return { querySet: this.#querySet, beginningOfPassWriteIndex: 2 * index, endOfPassWriteIndex: 2 * index + 1 };
  }

  /** Encodes the transfer of the times of all passes so far. */
  resolve(encoder: GPUCommandEncoder): void {
    if (this.#labels.length > 0) encoder.resolveQuerySet(this.#querySet, 0, 2 * this.#labels.length, this.#resolved, 0);
  }

  /** Times of the passes since the last reading, in order; waits for the GPU. Throws DeviceError, `lost` included. */
  async read(): Promise<PassTime[]> {
    const labels = this.#labels;
    this.#labels = [];
    if (labels.length === 0) return [];
    const bytes = await this.#gpu.read(this.#resolved, 0, 2 * labels.length * BYTES_PER_TIMESTAMP);
    return passTimes(labels, new BigUint64Array(bytes));
  }

  dispose(): void {
    this.#querySet.destroy();
    this.#gpu.destroyBuffer(this.#resolved);
  }
}

/** `stamps`: [2 x passes], beginning and end of each in nanoseconds. */
export function passTimes(labels: readonly string[], stamps: BigUint64Array): PassTime[] {
  const origin = stamps[0] ?? 0n;
  return labels.map((label, pass) => {
    const begin = stamps[2 * pass] ?? 0n;
    const end = stamps[2 * pass + 1] ?? 0n;
    // Drivers leave zeros or reset their clock between the two now and then; differences fit a double, the stamps do not.
    const nanoseconds = begin === 0n || end < begin ? Number.NaN : Number(end - begin);
    return { label, nanoseconds, startNanoseconds: Number(begin - origin) };
  });
}
