// The learning rate of every step: pure functions of the step, the epoch and, on plateaus, the validations so far.
// Definitions are PyTorch's: https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate, and one of Keras' 2.2:
// `lr * (1. / (1. + decay * iterations))`, in `get_updates` of keras/optimizers.py.
import type { Schedule } from "../config/config.ts";

/** Of the validation that schedules and early stopping look at. */
export type Metric = "loss" | "dsc";

/** What a plateau schedule remembers, as JSON keeps it; the other schedules remember nothing. */
export type ScheduleState = PlateauState | null;

export interface PlateauState {
  /** The rate as reduced so far, before warm-up. */
  readonly rate: number;
  /** Null before the first validation. */
  readonly best: number | null;
  /** Validations since the best one, or since the last reduction. */
  readonly bad: number;
  /** Validations that are still not counted. */
  readonly cooldown: number;
}

/** Both counted from 0 over the whole training, resumed or not. */
export interface Place {
  readonly step: number;
  readonly epoch: number;
}

/** The state before the first step; `rate` is the optimizer's. */
export function initialScheduleState(schedule: Schedule, rate: number): ScheduleState {
  return schedule.kind === "plateau" ? { rate, best: null, bad: 0, cooldown: 0 } : null;
}

/**
 * The learning rate of one step. `rate` is the optimizer's, as configured.
 * - step: MultiStepLR, or StepLR with `every`; inverse-time: the decay of Keras' optimizers; cosine: CosineAnnealingLR, by epochs, but staying at its least rate where the training is longer
 * - plateau: what {@link afterValidation} left of the rate
 * - warm-up: LinearLR by steps, multiplied onto any of them
 */
export function rateAt(schedule: Schedule, rate: number, state: ScheduleState, { step, epoch }: Place): number {
  return warmup(schedule, step) * fullRate(schedule, state?.rate ?? rate, { step, epoch });
}

function warmup({ warmupSteps, warmupFactor }: Schedule, step: number): number {
  return step >= warmupSteps ? 1 : warmupFactor + ((1 - warmupFactor) * step) / warmupSteps;
}

function fullRate(schedule: Schedule, rate: number, { step, epoch }: Place): number {
  switch (schedule.kind) {
    case "constant":
    case "plateau":
      return rate;
    case "step": {
      const { milestones, every, factor } = schedule;
      const passed = every === undefined ? milestones.filter((milestone) => milestone <= epoch).length : epoch / every;
      return rate * factor ** Math.floor(passed);
    }
    case "inverse-time":
      return rate / (1 + schedule.decay * (schedule.per === "step" ? step : epoch));
    case "cosine": {
      const { leastRate, epochs } = schedule;
      const done = Math.min(1, epoch / epochs);
      return leastRate + ((rate - leastRate) * (1 + Math.cos(Math.PI * done))) / 2;
    }
  }
  schedule satisfies never;
}

/** Below this PyTorch does not reduce a rate any more (its `eps`). */
const leastReduction = 1e-8;

/**
 * The state after a validation: ReduceLROnPlateau with a relative threshold. A loss is better when it is smaller, a DSC when it
 * is larger; a value that is not finite is never better. Other schedules give null.
 */
export function afterValidation(
  schedule: Schedule,
  state: ScheduleState,
  values: Readonly<Record<Metric, number>>,
): ScheduleState {
  if (schedule.kind !== "plateau" || state === null) return state;
  const value = values[schedule.metric];
  const isBest = improves(schedule.metric, value, state.best, schedule.threshold);
  const best = isBest ? value : state.best;
  const isCooling = state.cooldown > 0;
  const bad = isBest || isCooling ? 0 : state.bad + 1;
  const cooldown = isCooling ? state.cooldown - 1 : 0;
  if (bad <= schedule.patience) return { ...state, best, bad, cooldown };
  const reduced = Math.max(state.rate * schedule.factor, schedule.leastRate);
  const rate = state.rate - reduced > leastReduction ? reduced : state.rate;
  return { rate, best, bad: 0, cooldown: schedule.cooldown };
}

/** Whether a value beats the best one so far by more than `threshold` of it; the first finite one always does. */
export function improves(metric: Metric, value: number, best: number | null, threshold = 0): boolean {
  if (!Number.isFinite(value)) return false;
  if (best === null) return true;
  return metric === "loss" ? value < best * (1 - threshold) : value > best * (1 + threshold);
}
