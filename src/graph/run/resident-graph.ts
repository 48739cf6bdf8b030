// A graph on one device, ready to run.
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
  type TensorData,
  type TensorType,
} from "../../tensor.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { copyInputs, type RunInputs, requireData, targetOf } from "./check-tensors.ts";
import type { MemoryReport, RunOptions, StartupReport } from "./compiled-graph.ts";
import { type GraphProfile, type ProfileOptions, profileProgram } from "./profile.ts";
import type { PreparedProgram } from "./program.ts";
import { RunQueue } from "./queue.ts";
import type { Readback } from "./readback.ts";

interface ResidentParts {
  readonly graph: Graph;
  readonly program: PreparedProgram;
  /** Buffers of values that outlive a run: what is known before it, and states. */
  readonly lasting: ReadonlyMap<Value, GPUBuffer>;
  readonly startup: StartupReport;
}

/** An output, and where it goes instead of to a new array. */
interface RunOutput {
  readonly name: string;
  readonly value: Value;
  readonly buffer?: GPUBuffer;
  readonly array?: TensorData;
}

/** What `CompiledGraph` is on a device, as long as it has that. */
export class ResidentGraph {
  readonly graph: Graph;
  readonly startup: StartupReport;
  /** Where its buffers are. */
  readonly device: GPUDevice;
  readonly #gpu: Gpu;
  readonly #program: PreparedProgram;
  readonly #lasting: ReadonlyMap<Value, GPUBuffer>;
  readonly #queue: RunQueue;

  /** Made by `compile`. */
  constructor(gpu: Gpu, { graph, program, lasting, startup }: ResidentParts) {
    this.graph = graph;
    this.device = gpu.device;
    this.startup = startup;
    this.#gpu = gpu;
    this.#program = program;
    this.#lasting = lasting;
    this.#queue = new RunQueue(gpu);
  }

  get memory(): MemoryReport {
    const { peakBytes, lowerBoundBytes } = this.#program.memory;
    const parameterBytes = [...this.#lasting.values()].reduce((sum, buffer) => sum + buffer.size, 0);
    return { activationBytes: peakBytes, lowerBoundBytes, parameterBytes };
  }

  /** Whether a run leaves something for the next one. */
  get hasStates(): boolean {
    return [...this.#lasting.keys()].some(({ kind }) => kind === "state");
  }

  /** Nodes in order of execution with the kernels that run them; elided ones have none. */
  get steps(): readonly { readonly name: string; readonly kernel: string }[] {
    return this.#program.steps.map(({ node, kernel }) => ({ name: node.name, kernel: kernel.name }));
  }

  async run(inputs: RunInputs, options: RunOptions = {}): Promise<Record<string, Tensor>> {
    const { into = {} } = options;
    const outputs = [...this.graph.outputs].map(([name, value]) => ({ name, value, ...targetOf(into[name]) }));
    const now = this.#queue.turnNow();
    const taken = now ? inputs : copyInputs(inputs);
    const { readback, begun, end } = now ?? (await this.#queue.turn());
    try {
      this.#requireDevice();
      return await this.#gpu.guard("run", async () => {
        this.#submit(taken, outputs, readback);
        begun();
        return this.#gpu.waitFor(this.#results(outputs, readback));
      });
    } finally {
      end();
    }
  }

  async profile(inputs: RunInputs, options: ProfileOptions = {}): Promise<GraphProfile> {
    // Every round uploads them again.
    const taken = copyInputs(inputs);
    const encodeInputs = (encoder: GPUCommandEncoder) => this.#encodeInputs(encoder, taken);
    const { end } = await this.#queue.turn();
    try {
      this.#requireDevice();
      return await this.#gpu.guard("profile", () =>
        this.#gpu.waitFor(profileProgram(this.#gpu, this.#program, { ...options, encodeInputs })),
      );
    } finally {
      end();
    }
  }

  /** What a state holds after the runs that were asked for before. Throws UsageError for an unknown name. */
  async readState(name: string): Promise<Tensor> {
    const { type, buffer } = this.#state(name);
    const { end } = await this.#queue.turn();
    try {
      this.#requireDevice();
      const bytes = await this.#gpu.waitFor(this.#gpu.read(buffer, 0, byteLength(type)));
      return { shape: type.shape, data: new dataTypes[type.dtype](bytes, 0, elementCount(type.shape)) };
    } finally {
      end();
    }
  }

  /** Gives a state other elements, for the runs that are asked for after this. Throws UsageError, ShapeError. */
  async writeState(name: string, tensor: Tensor): Promise<void> {
    const { type, buffer } = this.#state(name);
    if (!shapesEqual(tensor.shape, type.shape)) {
      const got = formatShape(tensor.shape);
      throw new ShapeError(`state "${name}": got shape ${got}, expected ${formatShape(type.shape)}`);
    }
    requireData(`state "${name}"`, tensor, type.dtype);
    const now = this.#queue.turnNow();
    const data = now ? tensor.data : tensor.data.slice();
    const { end } = now ?? (await this.#queue.turn());
    try {
      this.#requireDevice();
      upload(this.device.queue, data, { buffer });
    } finally {
      end();
    }
  }

  /** Another device may have taken its place while a run waited for its turn. */
  #requireDevice(): void {
    this.#gpu.check();
    if (this.#gpu.device === this.device) return;
    throw new DeviceError("lost", "GPU device lost: another one took its place");
  }

  #state(name: string): { readonly type: TensorType; readonly buffer: GPUBuffer } {
    for (const [{ kind, name: own, type }, buffer] of this.#lasting) {
      if (kind === "state" && own === name) return { type, buffer };
    }
    throw new UsageError(`unknown state "${name}"`);
  }

  /** Before every run: the memory plan lets later values overwrite the inputs. `external` inputs are bound as they are. */
  #encodeInputs(encoder: GPUCommandEncoder, inputs: RunInputs, external?: ReadonlyMap<Value, GPUBuffer>): void {
    const { queue } = this.device;
    for (const value of this.graph.inputs) {
      if (external?.has(value)) continue;
      const input = inputs[value.name]!;
      const range = this.#program.rangeOf(value);
      if ("data" in input) upload(queue, input.data, range);
      else encoder.copyBufferToBuffer(input.buffer, 0, range.buffer, range.offset, byteLength(value.type));
    }
  }

  /** Begins a run: inputs, every step, outputs to where they are read from. */
  #submit(inputs: RunInputs, outputs: readonly RunOutput[], readback: Readback): void {
    const { device } = this;
    const encoder = device.createCommandEncoder({ label: "run" });
    const external = this.#external(inputs, outputs);
    this.#encodeInputs(encoder, inputs, external);
    const pass = encoder.beginComputePass({ label: "run" });
    this.#program.encode(pass, external);
    pass.end();
    for (const { name, value, buffer = readback.buffer(name, value.type) } of outputs) {
      if (external.has(value)) continue;
      const range = this.#program.rangeOf(value);
      encoder.copyBufferToBuffer(range.buffer, range.offset, buffer, 0, byteLength(value.type));
    }
    device.queue.submit([encoder.finish()]);
  }

  /** What was computed, when it is: outputs that did not go to buffers. */
  async #results(outputs: readonly RunOutput[], readback: Readback): Promise<Record<string, Tensor>> {
    const read = outputs.filter(({ buffer }) => buffer === undefined);
    if (read.length === 0) await this.device.queue.onSubmittedWorkDone();
    const tensors = read.map(
      async ({ name, value, array }) => [name, await readback.read(name, value.type, array)] as const,
    );
    return Object.fromEntries(await Promise.all(tensors));
  }

  /** The caller's buffers that the kernels can use where they are: others are copied. */
  #external(inputs: RunInputs, outputs: readonly RunOutput[]): ReadonlyMap<Value, GPUBuffer> {
    const external = new Map<Value, GPUBuffer>();
    const add = (value: Value, buffer: GPUBuffer) => {
      const isFree = ![...external.values()].includes(buffer) && !external.has(value);
      const fits = (buffer.usage & BufferUsage.STORAGE) !== 0 && buffer.size >= byteLength(value.type);
      if (isFree && fits && this.#program.standsAlone(value)) external.set(value, buffer);
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
    await this.#queue.dispose();
    this.#program.dispose();
    for (const buffer of this.#lasting.values()) this.#gpu.destroyBuffer(buffer);
  }
}
