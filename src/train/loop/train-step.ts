// A step of training on a device: one run of the training graph.

import { UsageError } from "../../errors.ts";
import { type Gpu, requireGpu } from "../../gpu/gpu.ts";
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

/** The loss or a gradient is no number any more, or too large for f16 however the loss is scaled. */
export class DivergedError extends UsageError {}

/** Of the loss in f16, so that small gradients are not lost: doubled after this many steps that were finite. */
const steadySteps = 200;
/** A larger one would itself be no f16. */
const mostLossScale = 2 ** 15;
/** A smaller one would be no normal f16. */
const leastLossScale = 2 ** -14;
/** What f16 is stored as where it overflows. */
const largestHalf = 65504;
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
  const { optimizer, groups = [], precision, keepFull, onProgress } = options;
  for (const group of groups) checkOptions("compileTrainStep: group", group, groupRules);
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
  return new TrainStep({ compiled, forward, training, frozen, optimizer, groups: rows, isHalf: precision === "f16" });
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
  readonly #isHalf: boolean;
  #step = 0;
  #lossScale: number;
  /** Steps since a gradient overflowed. */
  #steady = 0;

  constructor({ compiled, forward, training, frozen, optimizer, groups, isHalf }: TrainStepParts) {
    this.forward = forward;
    this.#compiled = compiled;
    this.#states = packedStates(training, optimizer);
    this.#frozen = frozen;
    this.#optimizer = optimizer;
    this.#groups = groups;
    this.#isHalf = isHalf;
    this.#lossScale = isHalf ? 2 ** 12 : 1;
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

  /** The inputs of one run of the graph beside the network's own. */
  #settings(rate: number): RunInputs {
    const rows = this.#groups.map(({ rateFactor = 1, weightDecay = this.#optimizer.weightDecay }) => [
      rate * rateFactor,
      weightDecay,
    ]);
    const { shape } = this.#compiled.graph.inputs.find(({ name }) => name === "lossScale")!.type;
    return {
      settings: { shape: [rows.length, 2], data: Float32Array.from(rows.flat()) },
      lossScale: { shape, data: Float32Array.of(this.#lossScale) },
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
    if (this.#isHalf) this.#adaptScale(step, result);
    return result;
  }

  /** Halved where a gradient overflowed, doubled where none has for long. */
  #adaptScale(step: number, { loss, skipped }: StepResult): void {
    if (!skipped) {
      this.#steady++;
      if (this.#steady % steadySteps === 0) this.#lossScale = Math.min(mostLossScale, 2 * this.#lossScale);
      return;
    }
    this.#steady = 0;
    if (this.#lossScale <= leastLossScale && Number.isFinite(loss)) {
      throw new DivergedError(
        `step ${step}: the gradient is not finite at the least scale of the loss too, 2^-14: ` +
          "lower the learning rate, or train in f32",
      );
    }
    this.#lossScale = Math.max(leastLossScale, this.#lossScale / 2);
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
    const scale = { shape: [2], data: Float32Array.of(this.#lossScale, this.#steady) };
    const tensors = await this.#read(this.#states);
    return { step, tensors: this.#isHalf ? tensors.set(scaleState, scale) : tensors };
  }

  /**
   * Goes on where another step of the same graph was saved; frozen parameters are those that this one was compiled with. Throws
   * UsageError where a tensor is missing or does not fit.
   */
  async restore({ step, tensors }: TrainState): Promise<void> {
    await writeStates(this.#compiled, this.#states, tensors);
    if (this.#isHalf) {
      const [scale = 1, steady = 0] = savedData(tensors, scaleState);
      [this.#lossScale, this.#steady] = [scale, steady];
    }
    this.#step = step;
  }

  dispose(): Promise<void> {
    return this.#compiled.dispose();
  }
}
