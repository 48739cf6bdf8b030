// CONFIG.json of a training: its keys, what they mean, and defaults that are the paper's training.
// Source of the defaults: the lumbar MSFF paper, "Training"; its momentum is not stated, 0.9 is our choice.
import * as z from "zod";
import { FormatError } from "../../errors.ts";
import { quoteValue } from "../../formats/quote.ts";
import { type ChosenNetwork, classCount } from "../../models/network.ts";
import { networks } from "../../models/registry.ts";
import { dataSchema } from "../data/options.ts";
import { between, choice, flag, keys, list, orList, ownIssues, text, whole } from "./keys.ts";
import { type LossConfig, lossSchema } from "./losses.ts";
import { networkSchema } from "./network.ts";
import { optimizerSchema, type ScheduleConfig, scheduleSchema } from "./optimizer.ts";
import { startSchema } from "./start.ts";

const recomputeText = '"none", "auto" or a number of bytes';

const trainSchema = keys({
  $schema: z.string().optional().describe("Where an editor finds this schema."),
  network: networkSchema.prefault({ classes: 8 }).describe("The network and its options, such as width."),
  classNames: list(text("a name"), "a list of names")
    .optional()
    .describe("Names of the classes, background first. Default: background, class 1, class 2, ..."),
  weights: startSchema
    .optional()
    .describe(
      "safetensors, or a checkpoint of PyTorch, to start from, relative to this file or absolute; or an object that also renames its tensors. What it lacks starts at random and is listed. Default: none.",
    ),
  data: dataSchema.describe("Where images and labels are, and how they are prepared."),
  losses: list(lossSchema, "a list of losses")
    .refine(agreeOnLabels, { error: "the kind partial alone, since its labels are sets of classes" })
    .prefault([{ kind: "size-adaptive" }])
    .describe("What is minimised: the sum of these. Default: the size-adaptive loss."),
  optimizer: optimizerSchema.prefault({}).describe("How parameters are updated. Default: SGD."),
  schedule: scheduleSchema
    .prefault({})
    .describe("How the learning rate changes. Default: a tenth for the last fifth of the epochs."),
  epochs: whole(1).default(100).describe("Passes over the training images. Default 100."),
  batch: whole(1, 1024).default(4).describe("Images in one step. Default 4."),
  seed: whole(0, 2 ** 32 - 1)
    .default(0)
    .describe("Of everything that is random. Default 0."),
  precision: choice(["f32", "f16"])
    .default("f32")
    .describe('How tensors between layers are stored; f16 needs shader-f16. Default "f32".'),
  recompute: z
    .union([z.enum(["none", "auto"]), z.int({ error: recomputeText }).min(0)], { error: recomputeText })
    .default("none")
    .describe(
      'Whether values of the forward pass are computed again instead of kept: "none", "auto" (where memory is short), or the bytes of memory to stay below. Default "none".',
    ),
  validation: keys({
    every: whole(1).default(1).describe("Epochs from one validation to the next. Default 1."),
    emptyIsPerfect: flag()
      .optional()
      .describe(
        "Whether a class that neither prediction nor labels have counts as perfect, not as undefined. Default false.",
      ),
    toleranceMm: between(0.01, 100)
      .optional()
      .describe("Distance within which surfaces agree, in the surface Dice of `atrous evaluate`. Default 1."),
  })
    .prefault({})
    .describe("When the validation images are segmented, and how they are measured."),
  earlyStopping: keys({
    patience: whole(1).describe("Validations without improvement after which the training ends."),
    metric: choice(["dsc", "loss"])
      .default("dsc")
      .describe('What must improve: the mean DSC over the foreground, or the loss. Default "dsc".'),
  })
    .optional()
    .describe("Default: none, all epochs are trained."),
  output: text("a path")
    .optional()
    .describe(
      "Folder for checkpoints, log and report, relative to this file or absolute. Default: this file's name without .json or .jsonc.",
    ),
  workers: whole(0, 64)
    .default(2)
    .describe("Threads that prepare batches; 0 prepares them between the steps. Default 2."),
});

function agreeOnLabels(losses: readonly LossConfig[]): boolean {
  const partial = losses.filter((loss) => loss.kind === "partial").length;
  return partial === 0 || partial === losses.length;
}

/** As a file gives it: everything but `data` may be missing. */
export type TrainConfigInput = z.input<typeof trainSchema>;

type Parsed = z.output<typeof trainSchema>;

/** With every default filled in. */
export interface TrainConfig extends Omit<Parsed, "$schema" | "classNames" | "schedule" | "output"> {
  readonly classNames: string[];
  readonly schedule: Schedule;
  readonly output: string;
}

type StepConfig = Extract<ScheduleConfig, { kind: "step" }>;
type CosineConfig = Extract<ScheduleConfig, { kind: "cosine" }>;

/** A schedule that knows how long it is. */
export type Schedule =
  | Exclude<ScheduleConfig, StepConfig | CosineConfig>
  | (Omit<StepConfig, "milestones"> & { milestones: number[] })
  | (Omit<CosineConfig, "epochs"> & { epochs: number });

/**
 * Checks a parsed CONFIG.json and fills in the defaults. `file` names it in messages.
 * Throws FormatError that names every key which is wrong or unknown, as `CONFIG.json: optimizer.rate: got "fast", expected a
 * positive number`.
 */
export function parseTrainConfig(json: unknown, file: string): TrainConfig {
  const parsed = trainSchema.safeParse(json);
  if (!parsed.success) throw new FormatError(`${file}: ${describeIssues(ownIssues(parsed.error.issues), json)}`);
  const { $schema: _, ...given } = parsed.data;
  const config: TrainConfig = {
    ...given,
    classNames: given.classNames ?? numberedClasses(classesOf(given)),
    schedule: resolveSchedule(given.schedule, given.epochs),
    output: given.output ?? file.replace(/^.*[\\/]/, "").replace(/\.jsonc?$/i, ""),
  };
  requirePerClass(config, file);
  return config;
}

/** The network that a configuration names, and its checked options. */
export function networkOf({ network: { name, ...given } }: Pick<TrainConfig, "network">): ChosenNetwork {
  const network = networks.find((candidate) => candidate.name === name);
  if (network) return { network, options: network.options(given, "network") };
  const names = networks.map((candidate) => candidate.name);
  throw new FormatError(`network.name: got ${JSON.stringify(name)}, expected ${orList(names)}`);
}

/** Where the rate falls if nothing is written: for the last fifth of the epochs. */
export function defaultMilestones(epochs: number): number[] {
  return [Math.round(0.8 * epochs)];
}

function resolveSchedule(schedule: ScheduleConfig, epochs: number): Schedule {
  if (schedule.kind === "step") {
    const own = schedule.every === undefined ? defaultMilestones(epochs) : [];
    return { ...schedule, milestones: schedule.milestones ?? own };
  }
  if (schedule.kind === "cosine") return { ...schedule, epochs: schedule.epochs ?? epochs };
  return schedule;
}

function numberedClasses(classes: number): string[] {
  return Array.from({ length: classes }, (_, n) => (n === 0 ? "background" : `class ${n}`));
}

/** How many classes pixels have, background included. */
export function classesOf(config: Pick<TrainConfig, "network">): number {
  return classCount(networkOf(config));
}

/** Losses of a network whose one class has no channel beside it. */
const sigmoidLosses: readonly string[] = ["bce", "dice", "focal", "hybrid"] satisfies readonly LossConfig["kind"][];

/** Lists with an entry for each class have as many; one class by itself has a loss by sigmoids. */
function requirePerClass(config: TrainConfig, file: string): void {
  const { losses, classNames, network } = config;
  const requireCount = (key: string, got: string, count: number, expected: number) => {
    if (count === expected) return;
    throw new FormatError(`${file}: ${key}: got ${count} ${got}, expected ${expected}, one for each class`);
  };
  requireCount("classNames", "names", classNames.length, classesOf(config));
  losses.forEach((loss, i) => {
    if (classesOf(config) > network.classes && !sigmoidLosses.includes(loss.kind)) {
      const wrong = `${file}: losses[${i}].kind: got ${JSON.stringify(loss.kind)}`;
      throw new FormatError(`${wrong}, expected ${orList(sigmoidLosses)}, for one class`);
    }
    const lists = {
      classWeights: "classWeights" in loss ? loss.classWeights : undefined,
      shares: "shares" in loss && typeof loss.shares !== "string" ? loss.shares : undefined,
    };
    for (const [key, values] of Object.entries(lists)) {
      if (values) requireCount(`losses[${i}].${key}`, "numbers", values.length, network.classes);
    }
  });
}

/** The JSON Schema of CONFIG.json, for editors. */
export function trainConfigSchema(): object {
  return z.toJSONSchema(trainSchema, { io: "input" });
}

const mostIssues = 5;

function describeIssues(issues: readonly z.core.$ZodIssue[], json: unknown): string {
  const texts = issues.slice(0, mostIssues).map((issue) => {
    if (issue.code === "unrecognized_keys")
      return `${formatPath([...issue.path, issue.keys[0] ?? ""])}: ${issue.message}`;
    const value = valueAt(json, issue.path);
    const where = issue.path.length === 0 ? "" : `${formatPath(issue.path)}: `;
    return `${where}got ${describeValue(value)}, expected ${issue.message}`;
  });
  const more = issues.length - texts.length;
  return `${texts.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
}

/** `losses[0].alpha`. */
function formatPath(path: readonly PropertyKey[]): string {
  return path.map((key, i) => (typeof key === "number" ? `[${key}]` : `${i > 0 ? "." : ""}${String(key)}`)).join("");
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined,
    json,
  );
}

function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  return quoteValue(value);
}
