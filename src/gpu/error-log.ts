// Everything that can go wrong on a device, in one place: error scopes, uncaptured errors, loss, disposal.
//
// Errors that nobody waits for are kept and thrown once, by the first guard or check that comes by: results computed before
// it are not to be trusted, later ones are.

import { DeviceError, type DeviceErrorKind } from "../errors.ts";

const SCOPES = ["validation", "out-of-memory", "internal"] as const satisfies readonly GPUErrorFilter[];

/** WebGPU's message without Dawn's source positions and blank lines. */
export function cleanMessage(message: string): string {
  const lines = message.split("\n").map((line) => line.trimEnd());
  return lines.filter((line) => line !== "" && !/^\s+at \S+ \(.*\)$/.test(line)).join("\n");
}

function kindOf(error: GPUError): DeviceErrorKind {
  // By name: Dawn's classes are no globals in Node.
  const name = error.constructor.name;
  if (name === "GPUOutOfMemoryError") return "out-of-memory";
  return name === "GPUInternalError" ? "internal" : "validation";
}

export class ErrorLog {
  readonly lost: Promise<DeviceError>;
  readonly #device: GPUDevice;
  readonly #onUncaptured: (event: GPUUncapturedErrorEvent) => void;
  /** Errors nobody has reported yet. */
  #pending: DeviceError[] = [];
  /** For each guard in progress, the errors that came up meanwhile. */
  readonly #open = new Set<DeviceError[]>();
  /** Answers of `watch` that are still on their way. */
  readonly #watched = new Set<Promise<void>>();
  #gone: DeviceError | undefined;

  /**
   * - owned: whether all work on the device is ours, so that errors outside of scopes are too.
   * - afterLoss: what the error of a loss says to do.
   */
  constructor(device: GPUDevice, { owned, afterLoss }: { readonly owned: boolean; readonly afterLoss: string }) {
    this.#device = device;
    this.#onUncaptured = (event) => {
      event.preventDefault();
      this.#record(new DeviceError(kindOf(event.error), `GPU: ${cleanMessage(event.error.message)}`));
    };
    if (owned) device.addEventListener("uncapturederror", this.#onUncaptured);
    this.lost = new Promise((resolve) => {
      void device.lost.then((info) => {
        if (this.#gone) return;
        const reason =
          info.reason === "destroyed" ? "it was destroyed" : cleanMessage(info.message) || "no reason given";
        this.#gone = new DeviceError("lost", `GPU device lost: ${reason}; ${afterLoss}`);
        resolve(this.#gone);
      });
    });
  }

  throwIfGone(): void {
    if (this.#gone) throw new DeviceError(this.#gone.kind, this.#gone.message, { cause: this.#gone });
  }

  check(): void {
    this.throwIfGone();
    const [first] = this.#pending;
    this.#pending = [];
    if (first) throw first;
  }

  get isLost(): boolean {
    return this.#gone?.kind === "lost";
  }

  /** From here on the device counts as lost: another one has its place. */
  retire(): void {
    this.#gone ??= new DeviceError("lost", "GPU device lost: another one took its place");
    this.#device.removeEventListener("uncapturederror", this.#onUncaptured);
  }

  /** From here on everything is `disposed`. */
  close(): void {
    this.#gone = new DeviceError("disposed", "GPU: used after dispose()");
    this.#device.removeEventListener("uncapturederror", this.#onUncaptured);
  }

  /** Runs synchronous GPU work in error scopes; an error is recorded under `label` when it arrives. */
  watch<T>(label: string, work: () => T): T {
    const { result, errors } = this.#scoped(label, work);
    const recorded = errors.then((found) => {
      for (const error of found) this.#record(error);
      this.#watched.delete(recorded);
    });
    this.#watched.add(recorded);
    return result;
  }

  /** As `Gpu.guard`. */
  async guard<T>(label: string, work: () => T | Promise<T>): Promise<T> {
    const meanwhile: DeviceError[] = [];
    this.#open.add(meanwhile);
    try {
      const { result, errors } = this.#scoped(label, work);
      const [settled] = await Promise.allSettled([result]);
      const inScope = await errors;
      await Promise.all(this.#watched);
      // A round trip to the device, so that errors of what `work` did after an `await` have arrived, and the loss too.
      if (result instanceof Promise) await this.#scoped(label, () => undefined).errors;
      if (this.#gone) throw new DeviceError(this.#gone.kind, `${label}: ${this.#gone.message}`, { cause: this.#gone });
      const late = meanwhile[0];
      if (late) this.#pending = this.#pending.filter((error) => !meanwhile.includes(error));
      const found = inScope[0] ?? (late && new DeviceError(late.kind, `${label}: ${late.message}`, { cause: late }));
      if (found) throw found;
      if (settled.status === "rejected") throw this.#named(label, settled.reason);
      return settled.value;
    } finally {
      this.#open.delete(meanwhile);
    }
  }

  #record(error: DeviceError): void {
    // A loop that never checks must not collect errors for ever; the first ones explain the rest.
    if (this.#pending.length < 16) this.#pending.push(error);
    for (const meanwhile of this.#open) meanwhile.push(error);
  }

  #scoped<T>(label: string, work: () => T): { result: T; errors: Promise<DeviceError[]> } {
    for (const scope of SCOPES) this.#device.pushErrorScope(scope);
    let result: T;
    try {
      result = work();
    } catch (error) {
      void this.#popScopes(label);
      throw this.#named(label, error);
    }
    return { result, errors: this.#popScopes(label) };
  }

  async #popScopes(label: string): Promise<DeviceError[]> {
    // Popping is synchronous, only the answers take time: scopes of two guards never interleave. On a lost device some
    // implementations reject here, and the loss is what gets reported.
    const pops = SCOPES.toReversed().map(async (scope) => {
      const error = await this.#device.popErrorScope().catch(() => null);
      return error && new DeviceError(scope, `${label}: ${cleanMessage(error.message)}`);
    });
    return (await Promise.all(pops)).filter((error) => error !== null);
  }

  /** Exceptions of WebGPU (mapping, pipelines) get the label; those of the caller pass through. */
  #named(label: string, reason: unknown): unknown {
    const name = reason instanceof Error ? reason.constructor.name : "";
    if (
      !(reason instanceof Error) ||
      !["GPUPipelineError", "AbortError", "OperationError", "DOMException"].includes(name)
    )
      return reason;
    return new DeviceError("validation", `${label}: ${cleanMessage(reason.message) || reason.name}`, { cause: reason });
  }
}
