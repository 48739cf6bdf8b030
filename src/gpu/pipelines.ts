// Compute pipelines keyed by their source text, and compile errors that show the line they are about.

import { DeviceError } from "../errors.ts";
import { cleanMessage, type ErrorLog } from "./error-log.ts";

export interface PipelineSource {
  /** Kernel's name for messages and traces. */
  readonly label: string;
  /** Complete WGSL with an entry point `main`. */
  readonly code: string;
}

export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #errors: ErrorLog;
  readonly #strict: boolean;
  readonly #byCode = new Map<string, Promise<GPUComputePipeline>>();

  /** `strict`: warnings count as errors. Dawn prints each on standard output, where only results belong. */
  constructor(device: GPUDevice, errors: ErrorLog, strict: boolean) {
    this.#device = device;
    this.#errors = errors;
    this.#strict = strict;
  }

  /** As `Gpu.pipelines`. `onProgress` is told of pipelines that were there already as well. */
  async get(
    sources: readonly PipelineSource[],
    onProgress?: (done: number, total: number) => void,
  ): Promise<GPUComputePipeline[]> {
    let done = 0;
    const pipelines = sources.map(async (source) => {
      const pipeline = await this.#one(source);
      done += 1;
      onProgress?.(done, sources.length);
      return pipeline;
    });
    // All settle before any error is thrown, so that nothing still compiles behind the caller's back.
    await Promise.allSettled(pipelines);
    return Promise.all(pipelines);
  }

  clear(): void {
    this.#byCode.clear();
  }

  #one(source: PipelineSource): Promise<GPUComputePipeline> {
    const known = this.#byCode.get(source.code);
    if (known) return known;
    const created = this.#create(source);
    this.#byCode.set(source.code, created);
    created.catch(() => this.#byCode.delete(source.code));
    return created;
  }

  async #create({ label, code }: PipelineSource): Promise<GPUComputePipeline> {
    let module: GPUShaderModule | undefined;
    let pipeline: GPUComputePipeline;
    try {
      pipeline = await this.#errors.guard(`shader "${label}"`, () => {
        module = this.#device.createShaderModule({ label, code });
        return this.#device.createComputePipelineAsync({
          label,
          layout: "auto",
          compute: { module, entryPoint: "main" },
        });
      });
    } catch (error) {
      if (!module || !(error instanceof DeviceError) || error.kind !== "validation") throw error;
      const { messages } = await module.getCompilationInfo();
      if (!messages.some((message) => message.type === "error")) throw error;
      throw new DeviceError("validation", formatCompilation(label, code, messages), { cause: error });
    }
    if (this.#strict && module) {
      const { messages } = await module.getCompilationInfo();
      if (messages.length > 0) throw new DeviceError("validation", formatCompilation(label, code, messages));
    }
    return pipeline;
  }
}

/** Every message as `line:column type: text`, under it the source line and a caret. Columns count UTF-16 units from 1. */
function formatCompilation(label: string, code: string, messages: readonly GPUCompilationMessage[]): string {
  const lines = code.split("\n");
  const report = messages.flatMap(({ type, lineNum, linePos, message }) => {
    const head = `${lineNum}:${linePos} ${type}: ${cleanMessage(message)}`;
    const line = lines[lineNum - 1];
    if (line === undefined) return [head];
    const margin = `${lineNum}`.padStart(5);
    const caret = " ".repeat(Math.max(0, linePos - 1));
    return [head, `${margin} | ${line}`, `${" ".repeat(margin.length)} | ${caret}^`];
  });
  const failed = messages.some(({ type }) => type === "error");
  const verdict = failed ? "WGSL does not compile" : "WGSL compiles with warnings, which debug mode does not let pass";
  return [`shader "${label}": ${verdict}`, ...report].join("\n");
}
