// Learning rates against what torch 2.13 gives. The literals are printed by this program:
//
//   import torch
//   from torch.optim import SGD, lr_scheduler as S
//   def optimizer(rate): return SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
//   def run(o, s, n):                    # rates of n steps of the scheduler
//       rates = []
//       for _ in range(n): rates.append(o.param_groups[0]["lr"]); o.step(); s.step()
//       return rates
//   o = optimizer(1e-3); print(run(o, S.MultiStepLR(o, [3, 5, 8], 0.1), 10))
//   o = optimizer(1e-4); print(run(o, S.StepLR(o, 3, 0.5), 10))
//   o = optimizer(1e-4); print(run(o, S.LambdaLR(o, lambda n: 1 / (1 + 0.25 * n)), 6))
//   o = optimizer(1e-3); print(run(o, S.CosineAnnealingLR(o, 10, 1e-5), 11))
//   o = optimizer(0.01); print(run(o, S.LinearLR(o, 0.1, 1.0, 5), 8))
//   o = optimizer(1e-3); s = S.ReduceLROnPlateau(o, mode, ...)
//   for value in values: s.step(value); print(o.param_groups[0]["lr"])
//
// PyTorch multiplies step by step where formulas are used here, so that the last bits differ: 1e-12 of the rate.
import { expect, test } from "vitest";
import { parseTrainConfig, type Schedule, type TrainConfigInput } from "../../../src/train/config/config.ts";
import {
  afterValidation,
  improves,
  initialScheduleState,
  type Metric,
  rateAt,
  type ScheduleState,
} from "../../../src/train/loop/schedule.ts";
import { data } from "../config/config.ts";

function scheduleOf(schedule: TrainConfigInput["schedule"]): Schedule {
  return parseTrainConfig({ data, schedule }, "CONFIG.json").schedule;
}

function expectRates(rates: readonly number[], expected: readonly number[]): void {
  expect(rates).toHaveLength(expected.length);
  rates.forEach((rate, i) => {
    expect(Math.abs(rate - expected[i]!), `rate ${i}: ${rate}, ${expected[i]}`).toBeLessThanOrEqual(
      1e-12 * expected[i]!,
    );
  });
}

function ratesByEpoch(schedule: Schedule, rate: number, epochs: number): number[] {
  return Array.from({ length: epochs }, (_, epoch) => rateAt(schedule, rate, null, { step: 1e6, epoch }));
}

test("step: MultiStepLR", () => {
  const rates = ratesByEpoch(scheduleOf({ kind: "step", milestones: [8, 3, 5], factor: 0.1 }), 1e-3, 10);
  expectRates(rates, [1e-3, 1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5, 1e-5, 1e-6, 1e-6]);
});

test("step with every: StepLR, halved again and again", () => {
  const schedule = scheduleOf({ kind: "step", every: 3, factor: 0.5 });
  expect(schedule).toMatchObject({ milestones: [], every: 3 });
  const rates = ratesByEpoch(schedule, 1e-4, 10);
  expectRates(rates, [1e-4, 1e-4, 1e-4, 5e-5, 5e-5, 5e-5, 2.5e-5, 2.5e-5, 2.5e-5, 1.25e-5]);
});

test("inverse-time: divided by 1 + decay * n, n the steps, or the epochs", () => {
  const expected = [0.0001, 8e-5, 6.666666666666667e-5, 5.714285714285714e-5, 5e-5, 4.4444444444444447e-5];
  const bySteps = scheduleOf({ kind: "inverse-time", decay: 0.25 });
  const steps = expected.map((_, step) => rateAt(bySteps, 1e-4, null, { step, epoch: 7 }));
  expectRates(steps, expected);
  const byEpochs = scheduleOf({ kind: "inverse-time", decay: 0.25, per: "epoch" });
  expectRates(ratesByEpoch(byEpochs, 1e-4, 6), expected);
});

test("the paper's rates: 1e-3, and 1e-4 for the last 20 of 100 epochs", () => {
  const { optimizer, schedule, epochs } = parseTrainConfig({ data }, "CONFIG.json");
  const rates = ratesByEpoch(schedule, optimizer.rate, epochs);
  expectRates(rates, [...Array<number>(80).fill(1e-3), ...Array<number>(20).fill(1e-4)]);
});

test("cosine: CosineAnnealingLR, then the least rate", () => {
  const rates = ratesByEpoch(scheduleOf({ kind: "cosine", epochs: 10, leastRate: 1e-5 }), 1e-3, 13);
  expectRates(
    rates,
    [
      0.001, 0.0009757729755661011, 0.000905463412215599, 0.0007959536998847742, 0.000657963412215599, 0.000505,
      0.0003520365877844011, 0.00021404630011522585, 0.00010453658778440107, 3.4227024433899005e-5, 1e-5, 1e-5, 1e-5,
    ],
  );
});

test("warm-up: LinearLR, multiplied onto the schedule", () => {
  const schedule = scheduleOf({ kind: "constant", warmupSteps: 5, warmupFactor: 0.1 });
  const rates = Array.from({ length: 8 }, (_, step) => rateAt(schedule, 0.01, null, { step, epoch: 0 }));
  expectRates(
    rates,
    [
      0.001, 0.0028, 0.0046, 0.0063999999999999994, 0.008199999999999999, 0.009999999999999998, 0.009999999999999998,
      0.009999999999999998,
    ],
  );
  const both = scheduleOf({ kind: "step", milestones: [1], warmupSteps: 4, warmupFactor: 0.5 });
  expectRates([rateAt(both, 1, null, { step: 2, epoch: 1 })], [0.075]);
});

/** Rates after each validation; the state goes through JSON each time, as a checkpoint takes it. */
function ratesAfter(schedule: Schedule, metric: Metric, values: readonly number[]): number[] {
  let state = initialScheduleState(schedule, 1e-3);
  return values.map((value) => {
    const other = { loss: Number.NaN, dsc: Number.NaN };
    state = JSON.parse(
      JSON.stringify(afterValidation(schedule, state, { ...other, [metric]: value })),
    ) as ScheduleState;
    return rateAt(schedule, 1e-3, state, { step: 0, epoch: 0 });
  });
}

test("plateau: ReduceLROnPlateau of a loss, with threshold, cooldown and a least rate", () => {
  const schedule = scheduleOf({
    kind: "plateau",
    metric: "loss",
    factor: 0.5,
    patience: 1,
    threshold: 1e-2,
    cooldown: 1,
    leastRate: 2e-4,
  });
  const losses = [1.0, 0.9, 0.899, 0.95, 0.91, 0.92, 0.93, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3];
  expectRates(
    ratesAfter(schedule, "loss", losses),
    [
      0.001, 0.001, 0.001, 0.0005, 0.0005, 0.0005, 0.00025, 0.00025, 0.00025, 0.0002, 0.0002, 0.0002, 0.0002, 0.0002,
      0.0002, 0.0002,
    ],
  );
});

test("plateau: ReduceLROnPlateau of a DSC; what is no number is no improvement", () => {
  const schedule = scheduleOf({ kind: "plateau", metric: "dsc", patience: 2 });
  const values = [0.1, 0.2, 0.2, 0.2, 0.2, 0.5, Number.NaN, 0.5, 0.4, 0.50005, 0.6, 0.1];
  expectRates(
    ratesAfter(schedule, "dsc", values),
    [0.001, 0.001, 0.001, 0.001, 0.0001, 0.0001, 0.0001, 0.0001, 1e-5, 1e-5, 1e-5, 1e-5],
  );
});

test("plateau: a reduction below 1e-8 is none", () => {
  const schedule = scheduleOf({ kind: "plateau", patience: 0 });
  expectRates(
    ratesAfter(schedule, "loss", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    [
      0.001, 0.0001, 1e-5, 1.0000000000000002e-6, 1.0000000000000002e-7, 1.0000000000000004e-8, 1.0000000000000004e-8,
      1.0000000000000004e-8, 1.0000000000000004e-8,
    ],
  );
});

test("schedules but plateau remember nothing", () => {
  for (const schedule of [scheduleOf({ kind: "constant" }), scheduleOf({}), scheduleOf({ kind: "cosine" })]) {
    expect(initialScheduleState(schedule, 1)).toBeNull();
    expect(afterValidation(schedule, null, { loss: 1, dsc: 1 })).toBeNull();
  }
});

test("improvement has a direction", () => {
  expect(improves("loss", 1, 2)).toBe(true);
  expect(improves("dsc", 1, 2)).toBe(false);
  expect(improves("dsc", 0, null)).toBe(true);
  expect(improves("loss", 2, 2)).toBe(false);
  expect(improves("loss", Number.NaN, null)).toBe(false); // a best of NaN could never be beaten
});

test("a value that is not finite is never the best, the first one neither", () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    for (const metric of ["loss", "dsc"] as const) {
      expect([improves(metric, value, null), improves(metric, value, 0.5)], `${metric} ${value}`).toEqual([
        false,
        false,
      ]);
    }
  }
});
