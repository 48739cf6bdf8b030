// A graph on a device, ready to run.
import { DeviceError, ShapeError, UsageError } from "../../errors.ts";
import { BufferUsage, type Gpu } from "../../gpu/gpu.ts";
import { upload } from "../../gpu/upload.ts";
import {
  byteLength,
  dataTypes,
  elementCount,
  formatShape,
  shapesEqual,
  type Tensor,
  type TensorType,
} from "../../tensor.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { checkInputs, checkTargets, type RunInputs, type RunTargets, requireData, targetOf } from "./check-tensors.ts";
import { type GraphProfile, type ProfileOptions, profileSection } from "./profile.ts";
import type { Section } from "./program.ts";
import { RunQueue } from "./queue.ts";
import type { Readback } from "./readback.ts";

/** What may differ from one run to the next. */
export interface RunOptions {
  /**
   * Where outputs go instead of to new arrays. To buffers they are written by the kernels (usage STORAGE), else copied
   * (COPY_DST), and not read back. Arrays, of the output's type and length, are filled when the run ends and given back as its data.
   */
  readonly into?: RunTargets;
}

/** GPU memory of a compiled graph, in bytes. */
export interface MemoryReport {
  /** Buffers for inputs, outputs and everything between them. */
  readonly activationBytes: number;
  /** The most that is live at one moment: no plan needs less. */
  readonly lowerBoundBytes: number;
  readonly parameterBytes: number;
}

/** Where the time between `compile` and a graph that can run went. */
export interface StartupReport {
  /** Passes, choice of kernels, memory plan. */
  readonly planMs: number;
  /** Pipelines, all at once, while parameters are read and uploaded. */
  readonly compileMs: number;
  /** What depends on parameters alone, computed once: folded and packed weights. */
  readonly prepareMs: number;
  /** Buffers and bind groups. */
  readonly bindMs: number;
}

interface CompiledParts {
  readonly graph: Graph;
  readonly section: Section;
  readonly fixed: ReadonlyMap<Value, GPUBuffer>;
  readonly startup: StartupReport;
}

/** One submit per run. Runs start in the order of their calls; up to three overlap. */
export class CompiledGraph {
  readonly graph: Graph;
  readonly startup: StartupReport;
  readonly #gpu: Gpu;
  readonly #section: Section;
  readonly #fixed: ReadonlyMap<Value, GPUBuffer>;
  readonly #queue: RunQueue;
  #disposed = false;

  /** Made by `compile`. */
  constructor(gpu: Gpu, { graph, section, fixed, startup }: CompiledParts) {
    this.graph = graph;
    this.startup = startup;
    this.#gpu = gpu;
    this.#section = section;
    this.#fixed = fixed;
    this.#queue = new RunQueue(gpu);
  }

  get memory(): MemoryReport {
    const { peakBytes, lowerBoundBytes } = this.#section.planned.plan;
    const parameterBytes = [...this.#fixed.values()].reduce((sum, buffer) => sum + buffer.size, 0);
    return { activationBytes: peakBytes, lowerBoundBytes, parameterBytes };
  }

  /** Nodes in order of execution with the kernels that run them; elided ones have none. */
  get steps(): readonly { readonly name: string; readonly kernel: string }[] {
    return this.#section.planned.work.map(({ step }) => ({ name: step.node.name, kernel: step.kernel.name }));
  }

  /**
   * Runs the graph: every input by its name, every output by its name.
   * Throws UsageError for a missing or unknown input or an unknown output, ShapeError for a wrong shape, DeviceError for the GPU.
   */
  async run(inputs: RunInputs, options: RunOptions = {}): Promise<Record<string, Tensor>> {
    this.#check("run", inputs);
    checkTargets("run", this.graph.outputs, options.into);
    return this.#queue.inTurn((begun) =>
      this.#queue.withReadback((readback) => {
        // The guard calls `#run` at once, and that submits before it first waits.
        const result = this.#gpu.guard("run", () => this.#gpu.waitFor(this.#run(inputs, options, readback)));
        begun();
        return result;
      }),
    );
  }

  /**
   * Runs the graph with a compute pass per node and measures each on the GPU; outputs are not read back. Passes of their
   * own cost a little: times add up to more than those of `run`.
   * Throws as `run` does, and DeviceError `unsupported` where the device has no `timestamp-query`.
   */
  async profile(inputs: RunInputs, options: ProfileOptions = {}): Promise<GraphProfile> {
    this.#check("profile", inputs);
    const encodeInputs = (encoder: GPUCommandEncoder) => this.#encodeInputs(encoder, inputs);
    return this.#queue.inTurn(() =>
      this.#gpu.guard("profile", () =>
        this.#gpu.waitFor(profileSection(this.#gpu, this.#section, { ...options, encodeInputs })),
      ),
    );
  }

  /** What a state holds after the runs that were asked for before. Throws UsageError for an unknown name. */
  async readState(name: string): Promise<Tensor> {
    const { type, buffer } = this.#state(name);
    const bytes = await this.#queue.inTurn(() => this.#gpu.waitFor(this.#gpu.read(buffer, 0, byteLength(type))));
    return { shape: type.shape, data: new dataTypes[type.dtype](bytes, 0, elementCount(type.shape)) };
  }

  /** Gives a state other elements, for the runs that are asked for after this. Throws UsageError, ShapeError. */
  async writeState(name: string, tensor: Tensor): Promise<void> {
    const { type, buffer } = this.#state(name);
    if (!shapesEqual(tensor.shape, type.shape)) {
      const got = formatShape(tensor.shape);
      throw new ShapeError(`state "${name}": got shape ${got}, expected ${formatShape(type.shape)}`);
    }
    requireData(`state "${name}"`, tensor, type.dtype);
    await this.#queue.inTurn(async () => upload(this.#gpu.device.queue, tensor.data, { buffer }));
  }

  #state(name: string): { readonly type: TensorType; readonly buffer: GPUBuffer } {
    if (this.#disposed) throw new DeviceError("disposed", `state ${name}: the model was disposed of`);
    for (const [{ kind, name: own, type }, buffer] of this.#fixed) {
      if (kind === "state" && own === name) return { type, buffer };
    }
    throw new UsageError(`unknown state "${name}"`);
  }

  /** Throws what is wrong with a call before any of it starts. */
  #check(label: string, inputs: RunInputs): void {
    if (this.#disposed) throw new DeviceError("disposed", `${label}: the model was disposed of`);
    checkInputs(label, this.graph.inputs, inputs);
  }

  /** Before every run: the memory plan lets later values overwrite the inputs. `external` inputs are bound as they are. */
  #encodeInputs(encoder: GPUCommandEncoder, inputs: RunInputs, external?: ReadonlyMap<Value, GPUBuffer>): void {
    const { queue } = this.#gpu.device;
    for (const value of this.graph.inputs) {
      if (external?.has(value)) continue;
      const input = inputs[value.name]!;
      const place = this.#section.place(value);
      if ("data" in input) upload(queue, input.data, place);
      else encoder.copyBufferToBuffer(input.buffer, 0, place.buffer, place.offset, byteLength(value.type));
    }
  }

  async #run(inputs: RunInputs, { into = {} }: RunOptions, readback: Readback): Promise<Record<string, Tensor>> {
    const { queue } = this.#gpu.device;
    const encoder = this.#gpu.device.createCommandEncoder({ label: "run" });
    const outputs = [...this.graph.outputs].map(([name, value]) => ({ name, value, ...targetOf(into[name]) }));
    const external = this.#external(inputs, outputs);
    this.#encodeInputs(encoder, inputs, external);
    const pass = encoder.beginComputePass({ label: "run" });
    this.#section.encode(pass, external);
    pass.end();
    for (const { name, value, buffer = readback.buffer(name, value.type) } of outputs) {
      if (external.has(value)) continue;
      const place = this.#section.place(value);
      encoder.copyBufferToBuffer(place.buffer, place.offset, buffer, 0, byteLength(value.type));
    }
    queue.submit([encoder.finish()]);
    const read = outputs.filter(({ buffer }) => buffer === undefined);
    const tensors = await Promise.all(
      read.map(async ({ name, value, array }) => [name, await readback.read(name, value.type, array)] as const),
    );
    if (read.length === 0) await queue.onSubmittedWorkDone();
    return Object.fromEntries(tensors);
  }

  /** The caller's buffers that the kernels can use where they are: others are copied. */
  #external(
    inputs: RunInputs,
    outputs: readonly { readonly value: Value; readonly buffer?: GPUBuffer }[],
  ): ReadonlyMap<Value, GPUBuffer> {
    const external = new Map<Value, GPUBuffer>();
    const add = (value: Value, buffer: GPUBuffer) => {
      const isFree = ![...external.values()].includes(buffer) && !external.has(value);
      const fits = (buffer.usage & BufferUsage.STORAGE) !== 0 && buffer.size >= byteLength(value.type);
      if (isFree && fits && this.#section.standsAlone(value)) external.set(value, buffer);
    };
    for (const { value, buffer } of outputs) if (buffer) add(value, buffer);
    for (const value of this.graph.inputs) {
      const input = inputs[value.name]!;
      if ("buffer" in input) add(value, input.buffer);
    }
    return external;
  }

  /** Frees the GPU memory, after the runs that were asked for have ended. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#queue.dispose();
    this.#section.dispose();
    for (const buffer of this.#fixed.values()) this.#gpu.destroyBuffer(buffer);
  }
}
