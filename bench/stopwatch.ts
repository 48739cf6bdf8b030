// Time of single compute passes: on the GPU's clock where it can be read, else on the host's.
import { DeviceError } from "../src/errors.ts";
import type { Gpu } from "../src/gpu/gpu.ts";
import { GpuTimer } from "../src/gpu/timing.ts";
import type { PreparedDispatch } from "../src/graph/run/prepare-dispatches.ts";

/** Drivers write nonsense now and then; more often than this they cannot tell the time. */
const attempts = 4;

export class Stopwatch {
  readonly #gpu: Gpu;
  readonly #timer: GpuTimer | undefined;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.#timer = GpuTimer.create(gpu, 1);
  }

  /**
   * Submits the dispatches as one pass, waits for its end and returns its nanoseconds; on the host's clock the submission
   * counts too. Runs the pass again where the driver wrote no sensible time. Throws DeviceError.
   */
  async time(label: string, dispatches: readonly PreparedDispatch[]): Promise<number> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const nanoseconds = await this.#gpu.guard(label, () => this.#gpu.waitFor(this.#once(label, dispatches)));
      if (Number.isFinite(nanoseconds)) return nanoseconds;
    }
    throw new DeviceError("internal", `${label}: no sensible timestamps in ${attempts} passes`);
  }

  async #once(label: string, dispatches: readonly PreparedDispatch[]): Promise<number> {
    const { device } = this.#gpu;
    const encoder = device.createCommandEncoder({ label });
    const timestampWrites = this.#timer?.pass(label);
    const pass = encoder.beginComputePass({ label, ...(timestampWrites && { timestampWrites }) });
    for (const dispatch of dispatches) dispatch.encode(pass);
    pass.end();
    this.#timer?.resolve(encoder);
    const commands = encoder.finish();
    const started = performance.now();
    device.queue.submit([commands]);
    if (this.#timer) return (await this.#timer.read())[0]!.nanoseconds;
    await device.queue.onSubmittedWorkDone();
    return (performance.now() - started) * 1e6;
  }

  dispose(): void {
    this.#timer?.dispose();
  }
}
