// What a training is made of at one moment: the step on the device, the place in the data, the schedule and the best validation.
import type { TensorFile } from "../../formats/tensor-file.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Graph } from "../../graph/ir/graph.ts";
import { findNonFinite } from "../../graph/run/non-finite.ts";
import type { ClassMetrics } from "../../segment/metrics.ts";
import type { TrainConfig } from "../config/config.ts";
import type { OptimizerConfig } from "../config/optimizer.ts";
import { startOf } from "../config/start.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Batch } from "../data/index.ts";
import type { BestValidation, Checkpoint } from "../node/checkpoint.ts";
import { initialWeights } from "./initial-weights.ts";
import { DivergedError } from "./loss-scale.ts";
import { appendLoss, appendNetwork } from "./network.ts";
import { adam, adamW, type Optimizer, sgd } from "./optimizers.ts";
import type { ValidationResult } from "./results.ts";
import {
  afterValidation,
  improves,
  initialScheduleState,
  type Metric,
  rateAt,
  type ScheduleState,
} from "./schedule.ts";
import { compileSegmenter } from "./segmenter.ts";
import { StartWeights } from "./start-weights.ts";
import { compileTrainStep, type StepResult, type TrainStep } from "./train-step.ts";
import { type ValidateOptions, validate } from "./validate.ts";

/** Where the run stands, as its checkpoint keeps it beside the tensors. */
type Place = Omit<Checkpoint, "tensors" | "step">;

export class TrainingRun {
  readonly graph: Graph;
  /** Parameters that the weights to start from lack, in the order of the network. */
  readonly random: readonly string[];
  readonly #gpu: Gpu;
  readonly #config: TrainConfig;
  readonly #step: TrainStep;
  #place: Place;

  private constructor(parts: RunParts) {
    this.#gpu = parts.gpu;
    this.#config = parts.config;
    this.graph = parts.graph;
    this.random = parts.random;
    this.#step = parts.step;
    this.#place = parts.place;
  }

  /**
   * Compiles the training of a configuration. It begins with the weights of a file, where one is given, and with random ones; or
   * goes on from a checkpoint. Rejects with FormatError for weights that do not fit, and with DeviceError.
   */
  static async create(
    gpu: Gpu,
    config: TrainConfig,
    { imageSize, dataDigest, weights, checkpoint, onCompile }: CreateOptions,
  ): Promise<TrainingRun> {
    const graph = lossGraph(config, imageSize);
    const initial = initialWeights(graph, config.seed);
    const start = weights && !checkpoint ? new StartWeights(weights, graph, startOf(config)?.rename ?? []) : undefined;
    const parameter = async (name: string) => {
      const saved = checkpoint?.tensors.get(name)?.data;
      if (saved instanceof Float32Array) return saved;
      return start?.read(name) ?? initial(name);
    };
    const { clipNorm, groups } = config.optimizer;
    const step = await compileTrainStep(gpu, graph, {
      optimizer: optimizerOf(config.optimizer),
      groups: groups.map(({ match, rateFactor, weightDecay, frozen }) => ({
        match: new RegExp(match),
        rateFactor,
        frozen,
        ...(weightDecay !== undefined && { weightDecay }),
      })),
      ...(clipNorm !== undefined && { clipNorm }),
      seed: config.seed,
      precision: config.precision,
      recompute: config.recompute,
      parameter,
      ...(onCompile && { onProgress: onCompile }),
    });
    if (checkpoint) await step.restore({ step: checkpoint.step, tensors: tensorsOf(checkpoint) });
    const place = checkpoint ?? {
      epoch: 0,
      batchInEpoch: 0,
      schedule: initialScheduleState(config.schedule, config.optimizer.rate),
      best: null,
      validationsSinceBest: 0,
      dataDigest,
    };
    return new TrainingRun({ gpu, config, graph, step, random: start?.random ?? [], place: withoutTensors(place) });
  }

  /** Steps taken. */
  get step(): number {
    return this.#step.step;
  }

  get epoch(): number {
    return this.#place.epoch;
  }

  get batchInEpoch(): number {
    return this.#place.batchInEpoch;
  }

  get best(): BestValidation | null {
    return this.#place.best;
  }

  get memory() {
    return this.#step.memory;
  }

  /** Of the next step. */
  get rate(): number {
    const { schedule, optimizer } = this.#config;
    return rateAt(schedule, optimizer.rate, this.#place.schedule, { step: this.step, epoch: this.epoch });
  }

  /**
   * Takes a step. Rejects with DivergedError where the loss or, in f32, its gradient is not finite, before any weight has changed;
   * the message names the first layer where that is so. In f16 as TrainStep.run does; there the first step of an epoch
   * also rejects where a layer's numbers do not fit f16, which the loss may not show.
   */
  async take({ images, labels }: Batch): Promise<StepResult> {
    const isFirst = this.batchInEpoch === 0;
    const result = await this.#step.run({ images, labels }, this.rate);
    this.#place = { ...this.#place, batchInEpoch: this.batchInEpoch + 1 };
    const isHalf = this.#config.precision === "f16";
    if (Number.isFinite(result.loss) && (isHalf || !result.skipped)) {
      const overflow = isHalf && isFirst ? await this.#findNonFinite({ images, labels }) : undefined;
      if (overflow === undefined) return result;
      throw new DivergedError(
        `step ${this.step}: ${overflow} does not fit f16, whose largest number is 65504: train in f32`,
      );
    }
    const where = (await this.#findNonFinite({ images, labels })) ?? "none";
    const what = Number.isFinite(result.loss) ? "the gradient" : "the loss";
    throw new DivergedError(`step ${this.step}: ${what} is not finite; the first layer that is not: ${where}`);
  }

  /** Of the parameters of now, as a step stores tensors. */
  async #findNonFinite({ images, labels }: Pick<Batch, "images" | "labels">): Promise<string | undefined> {
    const parameters = await this.#step.parameters();
    return findNonFinite(this.#gpu, this.#step.forward, {
      inputs: { images, labels, ...this.#step.drawn },
      parameter: async (name) => parameters.get(name)!.data,
      precision: this.#config.precision,
    });
  }

  endEpoch(): void {
    this.#place = { ...this.#place, epoch: this.epoch + 1, batchInEpoch: 0 };
  }

  /** Segments the validation set with the weights of now. */
  async validate(dataset: Dataset, options: Omit<ValidateOptions, "classes" | "batch">): Promise<ValidationResult> {
    const parameters = await this.#step.parameters();
    const segmenter = await compileSegmenter(this.#gpu, this.#config, dataset, {
      parameter: async (name) => parameters.get(name)!.data,
    });
    try {
      const { classNames: classes, batch, validation } = this.#config;
      const { emptyIsPerfect } = validation;
      return await validate(segmenter.segment, dataset, { ...options, classes, batch, emptyIsPerfect });
    } finally {
      await segmenter.dispose();
    }
  }

  /** Lets schedule and early stopping see a validation. Returns whether it is the best one so far. */
  observe({ mean, loss }: { readonly mean: Pick<ClassMetrics, "dsc">; readonly loss: number | undefined }): boolean {
    const { schedule, earlyStopping } = this.#config;
    // Of weights that have exploded no measure counts: an image without any class may have a DSC all the same.
    const hasExploded = loss !== undefined && !Number.isFinite(loss);
    const dsc = hasExploded ? Number.NaN : (mean.dsc ?? Number.NaN);
    const values: Record<Metric, number> = { dsc, loss: loss ?? Number.NaN };
    const metric = earlyStopping?.metric ?? "dsc";
    const isBest = improves(metric, values[metric], this.best?.value ?? null);
    this.#place = {
      ...this.#place,
      schedule: afterValidation(schedule, this.#place.schedule, values),
      best: isBest ? { metric, value: values[metric], step: this.step, epoch: this.epoch } : this.best,
      validationsSinceBest: isBest ? 0 : this.#place.validationsSinceBest + 1,
    };
    return isBest;
  }

  /** Whether validations have not improved for as long as the configuration has patience. */
  get isStale(): boolean {
    const { earlyStopping } = this.#config;
    return earlyStopping !== undefined && this.#place.validationsSinceBest >= earlyStopping.patience;
  }

  /** Everything that decides what comes next. */
  async checkpoint(): Promise<Checkpoint> {
    const { step, tensors } = await this.#step.save();
    const stored = [...tensors].map(
      ([name, { shape, data }]) => [name, { shape, data: data as Float32Array }] as const,
    );
    return { ...this.#place, step, tensors: new Map(stored) };
  }

  dispose(): Promise<void> {
    return this.#step.dispose();
  }
}

/** What is trained: the network as it is in training, and its losses. */
export function lossGraph(config: TrainConfig, imageSize: readonly [height: number, width: number]): Graph {
  const b = new GraphBuilder({ training: true });
  b.output("loss", appendLoss(b, config, appendNetwork(b, config, imageSize)));
  return b.build();
}

interface RunParts {
  readonly gpu: Gpu;
  readonly config: TrainConfig;
  readonly graph: Graph;
  readonly step: TrainStep;
  readonly random: readonly string[];
  readonly place: Place;
}

interface CreateOptions {
  readonly imageSize: readonly [height: number, width: number];
  /** Of the data, for checkpoints. */
  readonly dataDigest: string;
  readonly weights: TensorFile | undefined;
  readonly checkpoint: Checkpoint | undefined;
  readonly onCompile?: (done: number, total: number) => void;
}

/** The optimizer that a configuration describes. */
export function optimizerOf(config: OptimizerConfig): Optimizer {
  const { weightDecay } = config;
  if (config.kind === "sgd") return sgd({ momentum: config.momentum, nesterov: config.nesterov, weightDecay });
  const options = { betas: config.betas, eps: config.epsilon, weightDecay };
  return config.kind === "adam" ? adam(options) : adamW(options);
}

function tensorsOf({ tensors }: Checkpoint) {
  const floats = [...tensors].flatMap(([name, { shape, data }]) =>
    data instanceof Float32Array ? [[name, { shape, data }] as const] : [],
  );
  return new Map(floats);
}

function withoutTensors({ epoch, batchInEpoch, schedule, best, validationsSinceBest, dataDigest }: Place): Place {
  return { epoch, batchInEpoch, schedule: schedule as ScheduleState, best, validationsSinceBest, dataDigest };
}
