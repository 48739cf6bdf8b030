// What happens in a training, as its log keeps it and its listeners are told: one JSON object for each record.
// Numbers that are not finite are null, as in all JSON: a loss of null has diverged.
import * as z from "zod";

const count = z.int().min(0);
const finite = z.number().nullable();

/** Where the training stands: steps and epochs are counted from 0 over the whole training, resumed or not. */
const place = { step: count, epoch: count };

const machine = {
  /** Name of the adapter's device. */
  adapter: z.string(),
  driver: z.string(),
  adapterKind: z.enum(["hardware", "software"]),
};

/** The training begins, or goes on after `step` steps. */
const begin = {
  ...place,
  ...machine,
  /** ISO 8601. */
  date: z.string(),
  version: z.string(),
  /** Steps of the whole training. */
  steps: count,
  stepsPerEpoch: count,
  /** Bytes between the layers of a step, forward and backward, as planned; what is computed again takes none. */
  plannedBytes: count.optional(),
};

const classMetrics = z.object({
  name: z.string(),
  /** Null where undefined: the class is neither predicted nor labelled. */
  dsc: finite,
  iou: finite,
  precision: finite,
  recall: finite,
});

/** The metrics of a class in a log, in the order of tables. */
export const recordedMetrics = ["dsc", "iou", "precision", "recall"] as const;

export const recordSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("start"), ...begin }),
  z.object({ kind: z.literal("resume"), ...begin }),
  z.object({
    kind: z.literal("step"),
    ...place,
    loss: finite,
    rate: z.number(),
    /** Length of all gradients together, before clipping. */
    gradNorm: finite.optional(),
    samplesPerSecond: z.number(),
    /** How long the step waited for its data. */
    waitedMs: z.number(),
  }),
  z.object({
    kind: z.literal("validation"),
    ...place,
    loss: finite,
    /** Mean DSC over the classes but the background. */
    mean: finite,
    /** Over the pixels of all images together, background first. */
    classes: z.array(classMetrics),
    /** Whether this is the best one so far. */
    best: z.boolean(),
  }),
  z.object({
    kind: z.literal("stop"),
    ...place,
    date: z.string(),
    reason: z.enum(["finished", "early-stopping", "interrupted", "failed"]),
    /** Why it failed. */
    message: z.string().optional(),
  }),
]);

/** A line of a training's log. */
export type TrainRecord = z.output<typeof recordSchema>;
/** The training began, or went on. */
export type StartRecord = Extract<TrainRecord, { kind: "start" | "resume" }>;
/** A step was done: its loss, its learning rate, and how long its data took in milliseconds. */
export type StepRecord = Extract<TrainRecord, { kind: "step" }>;
/** The validation images were measured. */
export type ValidationRecord = Extract<TrainRecord, { kind: "validation" }>;
/** The training ended, and why. */
export type StopRecord = Extract<TrainRecord, { kind: "stop" }>;
