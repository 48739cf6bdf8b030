// A graph on a device, ready to run.
import { DeviceError, ShapeError, UsageError } from "../errors.ts";
import { BufferUsage, type Gpu } from "../gpu/gpu.ts";
import { MapMode } from "../gpu/usage.ts";
import {
  byteLength,
  type DType,
  elementCount,
  formatShape,
  type Shape,
  shapesEqual,
  type Tensor,
  type TensorData,
} from "../tensor.ts";
import type { Graph, Value } from "./graph.ts";
import { type GraphProfile, type ProfileOptions, profileSection } from "./profile.ts";
import type { Section } from "./section.ts";

/** A tensor in a buffer of the caller's, row-major from its beginning. */
export interface BufferTensor {
  readonly shape: Shape;
  readonly buffer: GPUBuffer;
}

export type RunInputs = Readonly<Record<string, Tensor | BufferTensor>>;

export interface RunOptions {
  /** Buffers (usage COPY_DST) that outputs are copied into instead of being read back. */
  readonly into?: Readonly<Record<string, GPUBuffer>>;
}

export interface MemoryReport {
  /** Buffers for inputs, outputs and everything between them. */
  readonly activationBytes: number;
  /** The most that is live at one moment: no plan needs less. */
  readonly lowerBoundBytes: number;
  readonly parameterBytes: number;
}

/** One submit per run. Runs that overlap are queued in the order of their calls. */
export class CompiledGraph {
  readonly graph: Graph;
  readonly #gpu: Gpu;
  readonly #section: Section;
  readonly #fixed: ReadonlyMap<Value, GPUBuffer>;
  readonly #staging = new Map<string, GPUBuffer>();
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;

  /** Made by `compile`. */
  constructor(gpu: Gpu, graph: Graph, section: Section, fixed: ReadonlyMap<Value, GPUBuffer>) {
    this.graph = graph;
    this.#gpu = gpu;
    this.#section = section;
    this.#fixed = fixed;
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
   * Throws UsageError for a missing or unknown input, ShapeError for a wrong shape, DeviceError for the GPU.
   */
  run(inputs: RunInputs, options: RunOptions = {}): Promise<Record<string, Tensor>> {
    return this.#queue("run", inputs, () => this.#run(inputs, options));
  }

  /**
   * Runs the graph with a compute pass per node and measures each on the GPU; outputs are not read back. Passes of their
   * own cost a little: times add up to more than those of `run`.
   * Throws as `run` does, and DeviceError `unsupported` where the device has no `timestamp-query`.
   */
  profile(inputs: RunInputs, options: ProfileOptions = {}): Promise<GraphProfile> {
    const encodeInputs = (encoder: GPUCommandEncoder) => this.#encodeInputs(encoder, inputs);
    return this.#queue("profile", inputs, () => profileSection(this.#gpu, this.#section, { ...options, encodeInputs }));
  }

  /** Starts after all work that was asked for before. */
  #queue<T>(label: string, inputs: RunInputs, work: () => Promise<T>): Promise<T> {
    if (this.#disposed) return Promise.reject(new DeviceError("disposed", `${label}: the model was disposed of`));
    try {
      this.#checkInputs(label, inputs);
    } catch (error) {
      return Promise.reject(error);
    }
    const result = this.#last.then(() => this.#gpu.guard(label, work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Before every run: the memory plan lets later values overwrite the inputs. */
  #encodeInputs(encoder: GPUCommandEncoder, inputs: RunInputs): void {
    const { queue } = this.#gpu.device;
    for (const value of this.graph.inputs) {
      const input = inputs[value.name]!;
      const { buffer, offset } = this.#section.place(value);
      if ("buffer" in input) encoder.copyBufferToBuffer(input.buffer, 0, buffer, offset, byteLength(value.type));
      else {
        const { buffer: source, byteOffset, byteLength: bytes } = input.data;
        queue.writeBuffer(buffer, offset, source as ArrayBuffer, byteOffset, bytes);
      }
    }
  }

  async #run(inputs: RunInputs, { into = {} }: RunOptions): Promise<Record<string, Tensor>> {
    const { queue } = this.#gpu.device;
    const encoder = this.#gpu.device.createCommandEncoder({ label: "run" });
    this.#encodeInputs(encoder, inputs);
    const pass = encoder.beginComputePass({ label: "run" });
    this.#section.encode(pass);
    pass.end();
    const outputs = [...this.graph.outputs].map(([name, value]) => ({ name, value, target: into[name] }));
    for (const { name, value, target } of outputs) {
      const { buffer, offset } = this.#section.place(value);
      const staged = target ?? this.#stage(name, value);
      encoder.copyBufferToBuffer(buffer, offset, staged, 0, byteLength(value.type));
    }
    queue.submit([encoder.finish()]);
    const read = outputs.filter(({ target }) => target === undefined);
    const tensors = await Promise.all(
      read.map(async ({ name, value }) => [name, await this.#read(name, value)] as const),
    );
    if (read.length === 0) await queue.onSubmittedWorkDone();
    return Object.fromEntries(tensors);
  }

  #stage(name: string, value: Value): GPUBuffer {
    const known = this.#staging.get(name);
    if (known) return known;
    const usage = BufferUsage.MAP_READ | BufferUsage.COPY_DST;
    const buffer = this.#gpu.createBuffer(byteLength(value.type), usage, `readback of ${name}`);
    this.#staging.set(name, buffer);
    return buffer;
  }

  async #read(name: string, value: Value): Promise<Tensor> {
    const buffer = this.#stage(name, value);
    await buffer.mapAsync(MapMode.READ);
    const bytes = buffer.getMappedRange(0, byteLength(value.type)).slice(0);
    buffer.unmap();
    return { shape: value.type.shape, data: typedArray(value, bytes) };
  }

  #checkInputs(label: string, inputs: RunInputs): void {
    const known = this.graph.inputs.map((value) => value.name);
    const unknown = Object.keys(inputs).find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new UsageError(`${label}: unknown input "${unknown}", expected ${known.join(", ")}`);
    for (const { name, type } of this.graph.inputs) {
      const input = inputs[name];
      if (!input) throw new UsageError(`${label}: input "${name}" is missing, expected ${formatShape(type.shape)}`);
      if (!shapesEqual(input.shape, type.shape)) {
        const got = formatShape(input.shape);
        throw new ShapeError(`${label}: input "${name}" has shape ${got}, expected ${formatShape(type.shape)}`);
      }
      if ("data" in input) requireData(label, name, input, type.dtype);
    }
  }

  /** Frees the GPU memory, after the runs that were asked for have ended. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#last;
    this.#section.dispose();
    for (const buffer of [...this.#fixed.values(), ...this.#staging.values()]) this.#gpu.destroyBuffer(buffer);
  }
}

function requireData(label: string, name: string, { shape, data }: Tensor, dtype: DType): void {
  const type = dtype === "f32" ? Float32Array : dtype === "i32" ? Int32Array : Uint32Array;
  if (data instanceof type && data.length === elementCount(shape)) return;
  const got = `${data?.constructor?.name} of ${data?.length}`;
  throw new ShapeError(`${label}: input "${name}" has data ${got}, expected ${type.name} of ${elementCount(shape)}`);
}

function typedArray({ type }: Value, bytes: ArrayBuffer): TensorData {
  if (type.dtype === "f32") return new Float32Array(bytes);
  return type.dtype === "i32" ? new Int32Array(bytes) : new Uint32Array(bytes);
}
