// A graph on a device, ready to run.
import { DeviceError, ShapeError, UsageError } from "../errors.ts";
import { BufferUsage, type Gpu } from "../gpu/gpu.ts";
import { MapMode } from "../gpu/usage.ts";
import {
  byteLength,
  type DType,
  dataTypes,
  elementCount,
  formatShape,
  type Shape,
  shapesEqual,
  type Tensor,
  type TensorType,
  wholeWords,
} from "../tensor.ts";
import type { Graph, Value } from "./graph.ts";
import { type GraphProfile, type ProfileOptions, profileSection } from "./profile.ts";
import type { Section } from "./section.ts";

/** A tensor in a buffer of the caller's, row-major from its beginning: read where it is (usage STORAGE), else copied (COPY_SRC). */
export interface BufferTensor {
  readonly shape: Shape;
  readonly buffer: GPUBuffer;
}

export type RunInputs = Readonly<Record<string, Tensor | BufferTensor>>;

export interface RunOptions {
  /** Buffers that outputs go to instead of being read back: written by the kernels (usage STORAGE), else copied (COPY_DST). */
  readonly into?: Readonly<Record<string, GPUBuffer>>;
}

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

/** What the results of one run are read back from, by output. */
type Lane = Map<string, GPUBuffer>;

interface CompiledParts {
  readonly graph: Graph;
  readonly section: Section;
  readonly fixed: ReadonlyMap<Value, GPUBuffer>;
  readonly startup: StartupReport;
}

/** Enough that upload, compute and read-back of neighbouring runs overlap. */
const runsInFlight = 3;

/** One submit per run. Runs start in the order of their calls; up to three overlap. */
export class CompiledGraph {
  readonly graph: Graph;
  readonly startup: StartupReport;
  readonly #gpu: Gpu;
  readonly #section: Section;
  readonly #fixed: ReadonlyMap<Value, GPUBuffer>;
  readonly #lanes: Lane[] = [];
  readonly #idleLanes: Lane[] = [];
  readonly #running = new Set<Promise<unknown>>();
  #waiting: ((lane: Lane) => void) | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #disposed = false;

  /** Made by `compile`. */
  constructor(gpu: Gpu, { graph, section, fixed, startup }: CompiledParts) {
    this.graph = graph;
    this.startup = startup;
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
  async run(inputs: RunInputs, options: RunOptions = {}): Promise<Record<string, Tensor>> {
    this.#check("run", inputs);
    return this.#inTurn(async (begun) => {
      const lane = await this.#takeLane();
      try {
        // The guard calls `#run` at once, and that submits before it first waits.
        const result = this.#gpu.guard("run", () => this.#run(inputs, options, lane));
        begun();
        return await this.#gpu.waitFor(result);
      } finally {
        this.#giveBack(lane);
      }
    });
  }

  /**
   * Runs the graph with a compute pass per node and measures each on the GPU; outputs are not read back. Passes of their
   * own cost a little: times add up to more than those of `run`.
   * Throws as `run` does, and DeviceError `unsupported` where the device has no `timestamp-query`.
   */
  async profile(inputs: RunInputs, options: ProfileOptions = {}): Promise<GraphProfile> {
    this.#check("profile", inputs);
    const encodeInputs = (encoder: GPUCommandEncoder) => this.#encodeInputs(encoder, inputs);
    return this.#inTurn(() =>
      this.#gpu.waitFor(
        this.#gpu.guard("profile", () => profileSection(this.#gpu, this.#section, { ...options, encodeInputs })),
      ),
    );
  }

  /** What a state holds after the runs that were asked for before. Throws UsageError for an unknown name. */
  async readState(name: string): Promise<Tensor> {
    const { type, buffer } = this.#state(name);
    const bytes = await this.#inTurn(() => this.#gpu.waitFor(this.#gpu.read(buffer, 0, byteLength(type))));
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
    const data = wholeWords(tensor.data);
    await this.#inTurn(async () => {
      this.#gpu.device.queue.writeBuffer(buffer, 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    });
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
    this.#checkInputs(label, inputs);
  }

  /** Work starts in the order of the calls; `begun` tells when the next may start. */
  async #inTurn<T>(work: (begun: () => void) => Promise<T>): Promise<T> {
    const before = this.#turn;
    let begun = () => {};
    this.#turn = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const result = before.then(() => work(begun)).finally(begun);
    this.#running.add(result);
    try {
      return await result;
    } finally {
      this.#running.delete(result);
    }
  }

  /** Buffers to read results from; waits until one of the runs in flight has ended where there are enough of them. */
  async #takeLane(): Promise<Lane> {
    const idle = this.#idleLanes.pop();
    if (idle) return idle;
    if (this.#lanes.length < runsInFlight) {
      const lane: Lane = new Map();
      this.#lanes.push(lane);
      return lane;
    }
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  #giveBack(lane: Lane): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(lane);
    else this.#idleLanes.push(lane);
  }

  /** Before every run: the memory plan lets later values overwrite the inputs. `external` inputs are bound as they are. */
  #encodeInputs(encoder: GPUCommandEncoder, inputs: RunInputs, external?: ReadonlyMap<Value, GPUBuffer>): void {
    const { queue } = this.#gpu.device;
    for (const value of this.graph.inputs) {
      if (external?.has(value)) continue;
      const input = inputs[value.name]!;
      const { buffer, offset } = this.#section.place(value);
      if ("buffer" in input) encoder.copyBufferToBuffer(input.buffer, 0, buffer, offset, byteLength(value.type));
      else {
        const data = wholeWords(input.data);
        queue.writeBuffer(buffer, offset, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
      }
    }
  }

  async #run(inputs: RunInputs, { into = {} }: RunOptions, lane: Lane): Promise<Record<string, Tensor>> {
    const { queue } = this.#gpu.device;
    const encoder = this.#gpu.device.createCommandEncoder({ label: "run" });
    const external = this.#external(inputs, into);
    this.#encodeInputs(encoder, inputs, external);
    const pass = encoder.beginComputePass({ label: "run" });
    this.#section.encode(pass, external);
    pass.end();
    const outputs = [...this.graph.outputs].map(([name, value]) => ({ name, value, target: into[name] }));
    for (const { name, value, target } of outputs) {
      if (external.has(value)) continue;
      const { buffer, offset } = this.#section.place(value);
      encoder.copyBufferToBuffer(buffer, offset, target ?? this.#stage(lane, name, value), 0, byteLength(value.type));
    }
    queue.submit([encoder.finish()]);
    const read = outputs.filter(({ target }) => target === undefined);
    const tensors = await Promise.all(
      read.map(async ({ name, value }) => [name, await readTensor(this.#stage(lane, name, value), value)] as const),
    );
    if (read.length === 0) await queue.onSubmittedWorkDone();
    return Object.fromEntries(tensors);
  }

  /** The caller's buffers that the kernels can use where they are: others are copied. */
  #external(inputs: RunInputs, into: NonNullable<RunOptions["into"]>): ReadonlyMap<Value, GPUBuffer> {
    const external = new Map<Value, GPUBuffer>();
    const add = (value: Value, buffer: GPUBuffer) => {
      const isFree = ![...external.values()].includes(buffer) && !external.has(value);
      const fits = (buffer.usage & BufferUsage.STORAGE) !== 0 && buffer.size >= byteLength(value.type);
      if (isFree && fits && this.#section.standsAlone(value)) external.set(value, buffer);
    };
    for (const [name, value] of this.graph.outputs) if (into[name]) add(value, into[name]);
    for (const value of this.graph.inputs) {
      const input = inputs[value.name]!;
      if ("buffer" in input) add(value, input.buffer);
    }
    return external;
  }

  #stage(lane: Lane, name: string, value: Value): GPUBuffer {
    const known = lane.get(name);
    if (known) return known;
    const usage = BufferUsage.MAP_READ | BufferUsage.COPY_DST;
    const buffer = this.#gpu.createBuffer(byteLength(value.type), usage, `readback of ${name}`);
    lane.set(name, buffer);
    return buffer;
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
      if ("data" in input) requireData(`${label}: input "${name}"`, input, type.dtype);
    }
  }

  /** Frees the GPU memory, after the runs that were asked for have ended. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await Promise.allSettled(this.#running);
    this.#section.dispose();
    const staging = this.#lanes.flatMap((lane) => [...lane.values()]);
    for (const buffer of [...this.#fixed.values(), ...staging]) this.#gpu.destroyBuffer(buffer);
  }
}

function requireData(where: string, { shape, data }: Tensor, dtype: DType): void {
  const type = dataTypes[dtype];
  if (data instanceof type && data.length === elementCount(shape)) return;
  const got = `${data?.constructor?.name} of ${data?.length}`;
  throw new ShapeError(`${where} has data ${got}, expected ${type.name} of ${elementCount(shape)}`);
}

async function readTensor(buffer: GPUBuffer, value: Value): Promise<Tensor> {
  await buffer.mapAsync(MapMode.READ);
  const bytes = buffer.getMappedRange(0, byteLength(value.type)).slice(0);
  buffer.unmap();
  const { shape, dtype } = value.type;
  return { shape, data: new dataTypes[dtype](bytes, 0, elementCount(shape)) };
}
