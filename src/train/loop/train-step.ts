// A step of training on a device: one run of the training graph.

import { UsageError } from "../../errors.ts";
import { type Gpu, requireGpu } from "../../gpu/gpu.ts";
import { drawInput } from "../../graph/ir/builder.ts";
import type { Graph } from "../../graph/ir/graph.ts";
import { type Precision, precisionRules } from "../../graph/passes/optimize.ts";
import { fitMemory, type Recompute } from "../../graph/passes/recompute.ts";
import type { RunInputs } from "../../graph/run/check-tensors.ts";
import { compile } from "../../graph/run/compile.ts";
import type { CompiledGraph, MemoryReport } from "../../graph/run/compiled-graph.ts";
import type { GraphProfile, ProfileOptions } from "../../graph/run/profile.ts";
import { deviceTraits } from "../../ops/device-traits.ts";
import { callback, checkOptions, either, flag, list, numeric, oneOf, type Rules, record } from "../../options.ts";
import type { Tensor, TensorData } from "../../tensor.ts";
import { LossScale, largestHalf } from "./loss-scale.ts";
import type { Optimizer } from "./optimizers.ts";
import { type PackedState, packedStates, readStates, savedData, type TrainState, writeStates } from "./train-state.ts";
import { createTrainingGraph, forwardGraph, packTensors, type TrainingGraph } from "./training-graph.ts";

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

/** How `compileTrainStep` updates parameters, and their first values. */
export interface TrainStepOptions extends Pick<Precision, "precision" | "keepFull"> {
  readonly optimizer: Optimizer;
  /** First values of parameters and running statistics. */
  readonly parameter: (name: string) => Promise<TensorData>;
  readonly groups?: readonly ParameterGroup[];
  /** Longest gradient, over all parameters together; longer ones are shortened. Default: no limit. */
  readonly clipNorm?: number;
  /** How far running statistics move towards a batch's. Default 0.1, as in PyTorch. */
  readonly statisticsMomentum?: number;
  /** What dropout draws from, beside the number of the step: a whole number below 2^32. Default 0. */
  readonly seed?: number;
  /** What becomes of values that the backward pass reads: kept, or computed again to save memory. Default `none`. */
  readonly recompute?: Recompute;
  /** Called as pipelines become ready. */
  readonly onProgress?: (done: number, total: number) => void;
}

const trainStepRules: Rules<TrainStepOptions> = {
  optimizer: record,
  parameter: callback,
  groups: list,
  clipNorm: numeric,
  statisticsMomentum: numeric,
  seed: numeric,
  recompute: either(oneOf("none", "auto"), numeric),
  precision: precisionRules.precision,
  keepFull: precisionRules.keepFull,
  onProgress: callback,
};

const groupRules: Rules<ParameterGroup> = { match: record, rateFactor: numeric, weightDecay: numeric, frozen: flag };

/** What one training step computed, before it changed the parameters. */
export interface StepResult {
  readonly loss: number;
  /** Of the gradient of all trained parameters, before it was shortened; infinite where f32 does not hold it. */
  readonly gradientNorm: number;
  /** Whether a gradient was not finite, so that no parameter changed. */
  readonly skipped: boolean;
  /** The graph's outputs, the loss among them. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

const scaleState = "scale:loss";

/**
 * Compiles a step of training. `graph` has the scalar output `loss`; its parameters are trained, but for frozen ones.
 * Rejects with UsageError for a graph that cannot be trained, with DeviceError, and with what `parameter` throws.
 *
 *     const b = new GraphBuilder();
 *     const image = b.input("image", [4, 1, 64, 64]);
 *     const labels = b.input("labels", [4, 64, 64], "u32");
 *     const { logits } = msffResNet18.build(b, image, options);
 *     b.output("loss", crossEntropyLoss(b, logits, labels));
 *     const step = await compileTrainStep(gpu, b.build(), { optimizer: sgd({ momentum: 0.9 }), parameter });
 *     const { loss } = await step.run({ image: { shape, data }, labels: { shape, data } }, 1e-3);
 */
export async function compileTrainStep(gpu: Gpu, graph: Graph, options: TrainStepOptions): Promise<TrainStep> {
  requireGpu("compileTrainStep", gpu);
  checkOptions("compileTrainStep", options, trainStepRules);
  const { optimizer, groups = [], seed = 0, precision, keepFull, onProgress } = options;
  for (const group of groups) checkOptions("compileTrainStep: group", group, groupRules);
  requireSeed(seed);
  const rows = [...groups.filter(({ frozen }) => !frozen), { match: /^/ }];
  const group = (parameter: string) => {
    const found = groups.find(({ match }) => match.test(parameter));
    return found?.frozen ? "frozen" : rows.indexOf(found ?? rows.at(-1)!);
  };
  const training = createTrainingGraph(graph, {
    optimizer,
    groups: rows.length,
    group,
    ...(precision === "f16" && { overflow: largestHalf }),
    ...(options.clipNorm !== undefined && { clipNorm: options.clipNorm }),
    ...(options.statisticsMomentum !== undefined && { statisticsMomentum: options.statisticsMomentum }),
  });
  const fitted = fitMemory(training.graph, training.forward, options.recompute ?? "none", {
    traits: deviceTraits(gpu),
    ...(precision && { precision }),
    ...(keepFull && { keepFull }),
  });
  const weights = await packTensors(training.weights, options.parameter);
  const frozen = await frozenParameters(graph, training, options.parameter);
  const first = new Map<string, () => Promise<Float32Array>>([
    ["weights", async () => weights],
    ["statistics", () => packTensors(training.statistics, options.parameter)],
    ...optimizer.moments.map((name) => [name, async () => new Float32Array(weights.length)] as const),
    ["taken", () => packTensors(training.taken, async () => new Float32Array(1))],
  ]);
  const compiled = await compile(gpu, fitted, {
    parameter: async (name) => first.get(name)?.() ?? frozen.get(name)!.data,
    ...(precision && { precision }),
    ...(keepFull && { keepFull }),
    ...(onProgress && { onProgress }),
  });
  const forward = forwardGraph(graph, { group });
  return new TrainStep({
    compiled,
    forward,
    training,
    frozen,
    optimizer,
    groups: rows,
    isHalf: precision === "f16",
    seed,
  });
}

function requireSeed(seed: number): void {
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return;
  throw new UsageError(`compileTrainStep: seed is ${seed}, expected a whole number from 0 to 2^32 - 1`);
}

/** Parameters and statistics that stay what they are. */
async function frozenParameters(
  { parameters }: Graph,
  { weights, statistics }: TrainingGraph,
  parameter: TrainStepOptions["parameter"],
): Promise<ReadonlyMap<string, Tensor>> {
  const changing = new Set([...weights.names, ...statistics.names]);
  const frozen = new Map<string, Tensor>();
  for (const { name, type } of parameters) {
    if (!changing.has(name)) frozen.set(name, { shape: type.shape, data: await parameter(name) });
  }
  return frozen;
}

interface TrainStepParts {
  readonly compiled: CompiledGraph;
  readonly forward: Graph;
  readonly training: TrainingGraph;
  readonly frozen: ReadonlyMap<string, Tensor>;
  readonly optimizer: Optimizer;
  readonly groups: readonly Omit<ParameterGroup, "match">[];
  readonly isHalf: boolean;
  readonly seed: number;
}

/** Made by {@link compileTrainStep}. Steps are taken in the order of their calls. */
export class TrainStep {
  /** What a step computes of the network alone, on its parameters. */
  readonly forward: Graph;
  readonly #compiled: CompiledGraph;
  readonly #states: readonly PackedState[];
  readonly #frozen: ReadonlyMap<string, Tensor>;
  readonly #optimizer: Optimizer;
  readonly #groups: readonly Omit<ParameterGroup, "match">[];
  /** Of a graph in f16. */
  readonly #lossScale: LossScale | undefined;
  readonly #seed: number;
  /** Whether a node of the graph is random. */
  readonly #draws: boolean;
  #step = 0;

  constructor({ compiled, forward, training, frozen, optimizer, groups, isHalf, seed }: TrainStepParts) {
    this.forward = forward;
    this.#compiled = compiled;
    this.#states = packedStates(training, optimizer);
    this.#frozen = frozen;
    this.#optimizer = optimizer;
    this.#groups = groups;
    this.#lossScale = isHalf ? new LossScale() : undefined;
    this.#seed = seed;
    this.#draws = forward.inputs.some(({ name }) => name === drawInput);
  }

  /** Steps, skipped ones too. */
  get step(): number {
    return this.#step;
  }

  get memory(): MemoryReport {
    return this.#compiled.memory;
  }

  /** What runs. */
  get compiled(): CompiledGraph {
    return this.#compiled;
  }

  /** What random nodes read at the last step that was asked for, as an input of {@link forward}; nothing where there are none. */
  get drawn(): RunInputs {
    if (!this.#draws) return {};
    return { [drawInput]: { shape: [2], data: Uint32Array.of(this.#seed, this.#step) } };
  }

  /** The inputs of one run of the graph beside the network's own. */
  #settings(rate: number): RunInputs {
    const rows = this.#groups.map(({ rateFactor = 1, weightDecay = this.#optimizer.weightDecay }) => [
      rate * rateFactor,
      weightDecay,
    ]);
    const { shape } = this.#compiled.graph.inputs.find(({ name }) => name === "lossScale")!.type;
    return {
      settings: { shape: [rows.length, 2], data: Float32Array.from(rows.flat()) },
      lossScale: { shape, data: Float32Array.of(this.#lossScale?.value ?? 1) },
      ...this.drawn,
    };
  }

  /**
   * Takes one step at this learning rate. A gradient that is not finite changes no weight, and Adam does not count the step; in
   * f16, where some overflow, the next step scales the loss by half as much. Rejects with DivergedError where the gradient of a finite loss is not finite at the
   * least scale either, 2^-14, which PyTorch's GradScaler would halve for ever; and as CompiledGraph.run does.
   */
  async run(inputs: RunInputs, rate: number): Promise<StepResult> {
    const step = ++this.#step;
    const outputs = await this.#compiled.run({ ...inputs, ...this.#settings(rate) });
    const { gradient, ...own } = outputs;
    const [factor, gradientNorm] = [gradient!.data[0]!, gradient!.data[1]!];
    const result = { loss: own.loss!.data[0]!, gradientNorm, skipped: !Number.isFinite(factor), outputs: own };
    this.#lossScale?.adapt(step, result);
    return result;
  }

  /**
   * Takes `rounds` steps and one more, each node of them measured on its own. Throws as CompiledGraph.profile does.
   */
  async profile(inputs: RunInputs, rate: number, options: ProfileOptions = {}): Promise<GraphProfile> {
    const first = this.#step + 1;
    const profile = await this.#compiled.profile({ ...inputs, ...this.#settings(rate) }, options);
    this.#step = first + profile.rounds;
    return profile;
  }

  /** All parameters and running statistics, by name. */
  parameters(): Promise<Map<string, Tensor>> {
    return this.#read(this.#states.filter(({ prefix }) => prefix === ""));
  }

  async #read(states: readonly PackedState[]): Promise<Map<string, Tensor>> {
    return new Map([...this.#frozen, ...(await readStates(this.#compiled, states))]);
  }

  /** Parameters and what training keeps beside them, bit by bit, after the steps that were asked for before. */
  async save(): Promise<TrainState> {
    const step = this.#step;
    const scale = this.#lossScale?.save();
    const tensors = await this.#read(this.#states);
    return { step, tensors: scale ? tensors.set(scaleState, scale) : tensors };
  }

  /**
   * Goes on where another step of the same graph was saved; frozen parameters are those that this one was compiled with. Throws
   * UsageError where a tensor is missing or does not fit.
   */
  async restore({ step, tensors }: TrainState): Promise<void> {
    await writeStates(this.#compiled, this.#states, tensors);
    this.#lossScale?.restore(savedData(tensors, scaleState));
    this.#step = step;
  }

  dispose(): Promise<void> {
    return this.#compiled.dispose();
  }
}
