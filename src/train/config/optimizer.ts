// The optimizers and the schedules of the learning rate that a configuration can name, under PyTorch's definitions.
import * as z from "zod";
import {
  choice,
  expression,
  flag,
  fraction,
  keys,
  kind,
  list,
  nonNegative,
  positive,
  variants,
  whole,
} from "./keys.ts";

const group = keys({
  match: expression().describe(
    "Regular expression: the parameters whose names it finds are of this group. The first group that matches counts.",
  ),
  rateFactor: nonNegative()
    .default(1)
    .describe("Factor of the learning rate. 0 keeps the parameters, but not the statistics of batch norm. Default 1."),
  weightDecay: nonNegative().exactOptional().describe("Default: the optimizer's."),
  frozen: flag()
    .default(false)
    .describe(
      "Whether these parameters stay as they are. Batch norm whose weight and bias are frozen keeps its statistics, and normalises by them. Default false.",
    ),
});

const common = {
  rate: positive().default(1e-3).describe("Learning rate at the start, before warm-up and schedule. Default 0.001."),
  weightDecay: nonNegative()
    .default(0)
    .describe("Factor of the L2 penalty (adamw: of the decoupled decay). Default 0."),
  clipNorm: positive()
    .exactOptional()
    .describe("Gradients longer than this, all together, are shortened to it. Default: never."),
  groups: z
    .array(group, { error: "a list of groups" })
    .default([])
    .describe("Parameters that are trained differently. Default: none."),
};

const weightDecay = nonNegative().default(0).describe("Factor of the L2 penalty. Default 0.");
const decoupledDecay = nonNegative().default(0.01).describe("Factor of the decoupled decay. Default 0.01.");

const momentum = fraction().default(0.9).describe("Momentum. Default 0.9.");
const nesterov = flag().default(false).describe("Whether the momentum is Nesterov's. Default false.");

const moments = {
  betas: z
    .tuple([fraction(), fraction()], { error: "two numbers from 0 to below 1" })
    .default([0.9, 0.999])
    .describe("Decay of the first and the second moment. Default [0.9, 0.999]."),
  epsilon: positive().default(1e-8).describe("Added to the root of the second moment. Default 1e-8."),
};

export const optimizerSchema = variants(
  ["sgd", "adam", "adamw"],
  [
    keys({ kind: kind.byDefault("sgd"), ...common, weightDecay, momentum, nesterov })
      .refine((sgd) => !sgd.nesterov || sgd.momentum > 0, { path: ["nesterov"], error: "false, or a momentum above 0" })
      .describe("torch.optim.SGD; the default."),
    keys({ kind: kind("adam"), ...common, weightDecay, ...moments }).describe("torch.optim.Adam."),
    keys({ kind: kind("adamw"), ...common, weightDecay: decoupledDecay, ...moments }).describe("torch.optim.AdamW."),
  ],
);

export type OptimizerConfig = z.output<typeof optimizerSchema>;

const warmup = {
  warmupSteps: whole(0)
    .default(0)
    .describe("Steps in which the rate rises to its full height, as LinearLR does. Default 0."),
  warmupFactor: positive()
    .max(1)
    .default(0.1)
    .describe("Share of the rate at the first step of the warm-up. Default 0.1."),
};

const step = keys({
  kind: kind.byDefault("step"),
  milestones: list(whole(1), "a list of epochs, whole numbers from 1")
    .exactOptional()
    .describe(
      "Epochs, counted from 0, from which on the rate is multiplied once more. Default: the last fifth, [80] of 100 epochs.",
    ),
  every: whole(1)
    .exactOptional()
    .describe("Instead of milestones: epochs after which the rate is multiplied again and again, as StepLR does."),
  factor: positive().default(0.1).describe("What the rate is multiplied by at each milestone. Default 0.1."),
  ...warmup,
}).refine((schedule) => schedule.every === undefined || schedule.milestones === undefined, {
  path: ["milestones"],
  error: "nothing beside every",
});

const inverseTime = keys({
  kind: kind("inverse-time"),
  decay: positive().describe("The rate is divided by 1 + decay * n, where n are the steps or epochs that are done."),
  per: choice(["step", "epoch"])
    .default("step")
    .describe(
      'What n counts: every "step", as the argument `decay` of Keras\' optimizers, or "epoch". Default "step".',
    ),
  ...warmup,
});

const cosine = keys({
  kind: kind("cosine"),
  epochs: whole(1).exactOptional().describe("Epochs until the least rate. Default: all of them."),
  leastRate: nonNegative().default(0).describe("The rate at the end. Default 0."),
  ...warmup,
});

const plateau = keys({
  kind: kind("plateau"),
  metric: choice(["loss", "dsc"])
    .default("loss")
    .describe('What must improve, of the validation: its loss, or the mean DSC. Default "loss".'),
  factor: fraction()
    .refine((value) => value > 0, { error: "a number between 0 and 1" })
    .default(0.1)
    .describe("What the rate is multiplied by on a plateau. Default 0.1."),
  patience: whole(0).default(10).describe("Validations without improvement that are let pass. Default 10."),
  threshold: nonNegative().default(1e-4).describe("Least relative improvement that counts. Default 0.0001."),
  cooldown: whole(0).default(0).describe("Validations after a reduction that are not counted. Default 0."),
  leastRate: nonNegative().default(0).describe("The rate is never reduced below. Default 0."),
  ...warmup,
});

export const scheduleSchema = variants(
  ["step", "constant", "cosine", "inverse-time", "plateau"],
  [
    step.describe("MultiStepLR, or StepLR where `every` is given; the default."),
    keys({ kind: kind("constant"), ...warmup }).describe("The same rate from the end of the warm-up on."),
    cosine.describe("CosineAnnealingLR."),
    inverseTime.describe("Keras' decay: rate / (1 + decay * steps)."),
    plateau.describe("ReduceLROnPlateau."),
  ],
);

export type ScheduleConfig = z.output<typeof scheduleSchema>;
