// A graph that was compiled for a device, ready to run; on another one too, where that was lost.
import { DeviceError } from "../../errors.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { checkOptions, numeric, record } from "../../options.ts";
import type { Tensor } from "../../tensor.ts";
import type { Graph } from "../ir/graph.ts";
import { checkInputs, checkTargets, copyInputs, type RunInputs, type RunTargets } from "./check-tensors.ts";
import type { GraphProfile, ProfileOptions } from "./profile.ts";
import type { ResidentGraph } from "./resident-graph.ts";

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

/**
 * One submit per run. Runs start in the order of their calls; up to three overlap. Arrays are taken at the call: uploaded then and
 * there, or copied where a run has to wait for its turn. Buffers of the caller's are read when the run begins.
 *
 * Runs that are under way when the device is lost reject with DeviceError `lost`. The next one opens it again, compiles again, and
 * gives the same bits; but for a graph with states, which were lost too.
 */
export class CompiledGraph {
  readonly #gpu: Gpu;
  readonly #build: () => Promise<ResidentGraph>;
  #resident: ResidentGraph;
  #reviving: Promise<ResidentGraph> | undefined;
  #disposing: Promise<void> | undefined;

  private constructor(gpu: Gpu, resident: ResidentGraph, build: () => Promise<ResidentGraph>) {
    this.#gpu = gpu;
    this.#resident = resident;
    this.#build = build;
  }

  /** Made by `compile`; `build` is asked again after a loss, with true. */
  static async create(gpu: Gpu, build: (again: boolean) => Promise<ResidentGraph>): Promise<CompiledGraph> {
    return new CompiledGraph(gpu, await build(false), () => build(true));
  }

  get graph(): Graph {
    return this.#resident.graph;
  }

  get startup(): StartupReport {
    return this.#resident.startup;
  }

  get memory(): MemoryReport {
    return this.#resident.memory;
  }

  /** Nodes in order of execution with the kernels that run them; elided ones have none. */
  get steps(): readonly { readonly name: string; readonly kernel: string }[] {
    return this.#resident.steps;
  }

  /**
   * Runs the graph: every input by its name, every output by its name.
   * Throws UsageError for a missing or unknown input or an unknown output, ShapeError for a wrong shape, DeviceError for the GPU.
   */
  async run(inputs: RunInputs, options: RunOptions = {}): Promise<Record<string, Tensor>> {
    const { into = {} } = checkOptions("run", options, { into: record });
    this.#check("run", inputs);
    checkTargets("run", this.graph.outputs, into);
    if (this.#isHere) return this.#resident.run(inputs, options);
    const taken = copyInputs(inputs);
    return (await this.#revive()).run(taken, options);
  }

  /**
   * Runs the graph with a compute pass per node and measures each on the GPU; outputs are not read back. Passes of their
   * own cost a little: times add up to more than those of `run`.
   * Throws as `run` does, and DeviceError `unsupported` where the device has no `timestamp-query`.
   */
  async profile(inputs: RunInputs, options: ProfileOptions = {}): Promise<GraphProfile> {
    checkOptions("profile", options, { rounds: numeric });
    this.#check("profile", inputs);
    if (this.#isHere) return this.#resident.profile(inputs, options);
    const taken = copyInputs(inputs);
    return (await this.#revive()).profile(taken, options);
  }

  /** What a state holds after the runs that were asked for before. Throws UsageError for an unknown name. */
  async readState(name: string): Promise<Tensor> {
    this.#requireAlive(`state ${name}`);
    return this.#resident.readState(name);
  }

  /** Gives a state other elements, for the runs that are asked for after this. Throws UsageError, ShapeError. */
  async writeState(name: string, tensor: Tensor): Promise<void> {
    this.#requireAlive(`state ${name}`);
    return this.#resident.writeState(name, tensor);
  }

  /**
   * Goes on with another device of the caller's after the one given to `openGpu` was lost: compiles for it, with weights from where
   * they came. Throws UsageError where the engine opened the device, which comes back by itself, DeviceError for the GPU.
   */
  async restore(device: GPUDevice): Promise<void> {
    this.#requireAlive("restore");
    this.#gpu.restore(device);
    if (!this.#isHere) await this.#revive();
  }

  get #isHere(): boolean {
    return this.#resident.device === this.#gpu.device && !this.#gpu.isLost;
  }

  /** On the device of now, which is opened where it is lost. */
  #revive(): Promise<ResidentGraph> {
    this.#reviving ??= this.#rebuild().finally(() => {
      this.#reviving = undefined;
    });
    return this.#reviving;
  }

  async #rebuild(): Promise<ResidentGraph> {
    if (this.#resident.hasStates)
      throw new DeviceError("lost", "GPU device lost, and the states of this graph with it; compile it again");
    this.#resident = await this.#build();
    return this.#resident;
  }

  /** Throws what is wrong with a call before any of it starts. */
  #check(label: string, inputs: RunInputs): void {
    this.#requireAlive(label);
    checkInputs(label, this.graph.inputs, inputs);
  }

  #requireAlive(label: string): void {
    if (this.#disposing) throw new DeviceError("disposed", `${label}: the model was disposed of`);
  }

  /** Frees the GPU memory, after the runs that were asked for have ended. */
  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  async #dispose(): Promise<void> {
    await this.#reviving?.catch(() => undefined);
    await this.#resident.dispose();
  }
}
