// What a training tells those who watch it.
import type { Gpu } from "../../gpu/gpu.ts";
import type { TrainConfig } from "../config/config.ts";
import type { StopRecord, TrainRecord } from "./record.ts";

/** A checkpoint is safe on disk. */
export interface CheckpointEvent {
  readonly kind: "checkpoint";
  readonly step: number;
  readonly epoch: number;
  readonly file: string;
  /** `last` is written after every epoch, `best` where the validation improved. */
  readonly which: "best" | "last";
}

/** Images of the validation set that are segmented. */
export interface ValidatingEvent {
  readonly kind: "validating";
  readonly done: number;
  readonly total: number;
}

/** The weights to start from lack some parameters of the network. */
export interface RandomWeightsEvent {
  readonly kind: "random-weights";
  readonly file: string;
  /** Of the parameters that begin at random. */
  readonly names: readonly string[];
}

/** The device was lost, and opened again: the training goes back to its last checkpoint. */
export interface DeviceLostEvent {
  readonly kind: "device-lost";
  /** Why, as the driver says it. */
  readonly message: string;
}

/** All that the log keeps, and what only matters while it happens. */
export type TrainEvent = TrainRecord | CheckpointEvent | ValidatingEvent | RandomWeightsEvent | DeviceLostEvent;

/** How a program follows a training, and ends it early. */
export interface TrainHooks {
  /** Called as things happen, between the steps. What it throws ends the training. */
  readonly onEvent?: (event: TrainEvent) => void;
  /** Ends the training after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/** Where a training lies, whether it goes on, and who is told. */
export interface TrainOptions extends TrainHooks {
  /** Folder that the configuration's paths are relative to. Default: the process's. */
  readonly base?: string;
  /** Goes on from the last checkpoint. Default false: a folder that has one is refused. */
  readonly resume?: boolean;
}

/** How a training ended. */
export interface TrainSummary {
  readonly reason: StopRecord["reason"];
  /** Steps done. */
  readonly step: number;
  /** Mean DSC of the best validation; null where there was none. */
  readonly bestDsc: number | null;
  /** Files that were written: checkpoints, log, report. */
  readonly files: readonly string[];
}

/** The type of `train`. */
export type Train = (gpu: Gpu, config: TrainConfig, options: TrainOptions) => Promise<TrainSummary>;
