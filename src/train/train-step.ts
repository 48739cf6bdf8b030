// A step of training on a device: one run of the training graph.
import { UsageError } from "../errors.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Precision } from "../graph/assemble.ts";
import { compile } from "../graph/compile.ts";
import type { CompiledGraph, MemoryReport, RunInputs } from "../graph/compiled-graph.ts";
import type { Graph } from "../graph/graph.ts";
import type { GraphProfile, ProfileOptions } from "../graph/profile.ts";
import type { Tensor, TensorData } from "../tensor.ts";
import type { Optimizer } from "./optimizers.ts";
import { createTrainingGraph, type Packing, packTensors, type TrainingGraph, unpackTensors } from "./training-graph.ts";

/** Settings of parameters that are not the optimizer's own. */
export interface ParameterGroup {
  /** Of names; the first group that matches counts. */
  readonly match: RegExp;
  /** Factor of the rate. Default 1. */
  readonly rateFactor?: number;
  /** Default that of the optimizer. */
  readonly weightDecay?: number;
  /** Not trained at all; batch norm whose weight and bias are frozen keeps its statistics too. Default false. */
  readonly frozen?: boolean;
}

export interface TrainStepOptions extends Pick<Precision, "precision" | "keepFull"> {
  readonly optimizer: Optimizer;
  /** First values of parameters and running statistics. */
  readonly parameter: (name: string) => Promise<TensorData>;
  readonly groups?: readonly ParameterGroup[];
  /** Longest gradient, over all parameters together; longer ones are shortened. Default: no limit. */
  readonly clipNorm?: number;
  /** How far running statistics move towards a batch's. Default 0.1, as in PyTorch. */
  readonly statisticsMomentum?: number;
  /** Called as pipelines become ready. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface StepResult {
  readonly loss: number;
  /** Of the gradient of all trained parameters, before it was shortened. */
  readonly gradientNorm: number;
  /** The graph's outputs, the loss among them. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** Everything that training changes: what a checkpoint holds. */
export interface TrainState {
  /** Steps taken. */
  readonly step: number;
  /** `weights`, `statistics` and the optimizer's moments, packed as this graph packs them. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

/**
 * Compiles a step of training. `graph` has the scalar output `loss`; its parameters are trained, but for frozen ones.
 * Rejects with UsageError for a graph that cannot be trained, with DeviceError, and with what `parameter` throws.
 *
 *     const b = new GraphBuilder();
 *     const image = b.input("image", [4, 1, 64, 64]);
 *     const labels = b.input("labels", [4, 64, 64], "u32");
 *     const logits = msffResNet18.build(b, image, options);
 *     b.output("loss", crossEntropyLoss(b, logits, labels));
 *     const step = await compileTrainStep(gpu, b.build(), { optimizer: sgd({ momentum: 0.9 }), parameter });
 *     const { loss } = await step.run({ image: { shape, data }, labels: { shape, data } }, 1e-3);
 */
export async function compileTrainStep(gpu: Gpu, graph: Graph, options: TrainStepOptions): Promise<TrainStep> {
  const { optimizer, groups = [], precision, keepFull, onProgress } = options;
  const rows = [...groups.filter(({ frozen }) => !frozen), { match: /^/ }];
  const training = createTrainingGraph(graph, {
    optimizer,
    groups: rows.length,
    group(parameter) {
      const found = groups.find(({ match }) => match.test(parameter));
      return found?.frozen ? "frozen" : rows.indexOf(found ?? rows.at(-1)!);
    },
    ...(options.clipNorm !== undefined && { clipNorm: options.clipNorm }),
    ...(options.statisticsMomentum !== undefined && { statisticsMomentum: options.statisticsMomentum }),
  });
  const weights = await packTensors(training.weights, options.parameter);
  const first = new Map<string, () => Promise<Float32Array>>([
    ["weights", async () => weights],
    ["statistics", () => packTensors(training.statistics, options.parameter)],
    ...optimizer.moments.map((name) => [name, async () => new Float32Array(weights.length)] as const),
  ]);
  const compiled = await compile(gpu, training.graph, {
    parameter: (name) => first.get(name)?.() ?? options.parameter(name),
    ...(precision && { precision }),
    ...(keepFull && { keepFull }),
    ...(onProgress && { onProgress }),
  });
  return new TrainStep(compiled, training, optimizer, rows);
}

/** Made by {@link compileTrainStep}. Steps are taken in the order of their calls. */
export class TrainStep {
  readonly #compiled: CompiledGraph;
  readonly #training: TrainingGraph;
  readonly #optimizer: Optimizer;
  readonly #groups: readonly Omit<ParameterGroup, "match">[];
  #step = 0;

  constructor(
    compiled: CompiledGraph,
    training: TrainingGraph,
    optimizer: Optimizer,
    groups: readonly Omit<ParameterGroup, "match">[],
  ) {
    this.#compiled = compiled;
    this.#training = training;
    this.#optimizer = optimizer;
    this.#groups = groups;
  }

  /** Steps taken. */
  get step(): number {
    return this.#step;
  }

  get memory(): MemoryReport {
    return this.#compiled.memory;
  }

  /** The compiled graph, for profiles. */
  get compiled(): CompiledGraph {
    return this.#compiled;
  }

  /** The inputs of one run of the graph beside the network's own. */
  #settings(step: number, rate: number): RunInputs {
    const rows = this.#groups.map(({ rateFactor = 1, weightDecay = this.#optimizer.weightDecay }) =>
      this.#optimizer.settings(step, { rate: rate * rateFactor, weightDecay }),
    );
    const { shape } = this.#compiled.graph.inputs.find(({ name }) => name === "lossScale")!.type;
    return {
      settings: { shape: [rows.length, 4], data: Float32Array.from(rows.flat()) },
      lossScale: { shape, data: Float32Array.of(1) },
    };
  }

  /**
   * Takes one step at this learning rate. A gradient that is not finite changes no weight.
   * Throws as CompiledGraph.run does.
   */
  async run(inputs: RunInputs, rate: number): Promise<StepResult> {
    this.#step++;
    const outputs = await this.#compiled.run({ ...inputs, ...this.#settings(this.#step, rate) });
    const { gradient, ...own } = outputs;
    return { loss: own.loss!.data[0]!, gradientNorm: gradient!.data[1]!, outputs: own };
  }

  /**
   * Takes `rounds` steps and one more, each node of them measured on its own. Throws as CompiledGraph.profile does.
   */
  async profile(inputs: RunInputs, rate: number, options: ProfileOptions = {}): Promise<GraphProfile> {
    const first = this.#step + 1;
    const profile = await this.#compiled.profile({ ...inputs, ...this.#settings(first, rate) }, options);
    this.#step = first + profile.rounds;
    return profile;
  }

  /** Trained parameters and running statistics, by name. */
  async parameters(): Promise<Map<string, Tensor>> {
    const [weights, statistics] = [this.#training.weights, this.#training.statistics];
    return new Map([...(await this.#unpack("weights", weights)), ...(await this.#unpack("statistics", statistics))]);
  }

  async #unpack(name: string, packing: Packing): Promise<Map<string, Tensor>> {
    if (packing.names.length === 0) return new Map();
    return unpackTensors(packing, (await this.#compiled.readState(name)).data as Float32Array);
  }

  /** Names of the states, in the order that checkpoints have. */
  get #states(): readonly string[] {
    const statistics = this.#training.statistics.names.length > 0 ? ["statistics"] : [];
    return ["weights", ...statistics, ...this.#optimizer.moments];
  }

  /** Everything that training changes, bit by bit. */
  async save(): Promise<TrainState> {
    const step = this.#step;
    const tensors = new Map<string, Float32Array>();
    for (const name of this.#states) tensors.set(name, (await this.#compiled.readState(name)).data as Float32Array);
    return { step, tensors };
  }

  /** Goes on where another step of the same graph was saved. Throws UsageError where a tensor is missing, ShapeError. */
  async restore({ step, tensors }: TrainState): Promise<void> {
    for (const name of this.#states) {
      const data = tensors.get(name);
      if (!data) throw new UsageError(`training state: ${name} is missing`);
      await this.#compiled.writeState(name, { shape: [data.length], data });
    }
    this.#step = step;
  }

  dispose(): Promise<void> {
    return this.#compiled.dispose();
  }
}
