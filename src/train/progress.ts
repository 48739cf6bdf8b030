// What a training tells those who watch it.
import type { TrainRecord } from "./record.ts";

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

/** All that the log keeps, and what only matters while it happens. */
export type TrainEvent = TrainRecord | CheckpointEvent | ValidatingEvent;

export interface TrainHooks {
  /** Called as things happen, between the steps. What it throws ends the training. */
  readonly onEvent?: (event: TrainEvent) => void;
  /** Ends the training after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
}
