// Steps that are skipped because a gradient is not finite, and steps that are not, however long the gradient is: what the weights
// are after them, beside the optimizer in float64.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { mul } from "../../../src/ops/elementwise/arithmetic.ts";
import { sum } from "../../../src/ops/reduce/sum-expand.ts";
import { adam, adamW, sgd } from "../../../src/train/loop/optimizers.ts";
import { compileTrainStep, type TrainStep, type TrainStepOptions } from "../../../src/train/loop/train-step.ts";
import { openTestGpu } from "../../support/gpu.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

const first = Float32Array.of(0.5, -1, 2);
const rate = 0.01;

/** The loss is the sum of weight * x, so that the gradient is x. */
async function withStep<T>(options: Omit<TrainStepOptions, "parameter">, use: (step: TrainStep) => Promise<T>) {
  const b = new GraphBuilder();
  const weighted = b.apply(mul, [b.parameter("weight", [3]), b.input("x", [3])], {});
  b.output("loss", b.apply(sum, [weighted], {}));
  const step = await compileTrainStep(gpu, b.build(), { ...options, parameter: async () => first });
  try {
    return await use(step);
  } finally {
    await step.dispose();
  }
}

const inputs = (values: readonly number[]) => ({ x: { shape: [3], data: Float32Array.from(values) } });

/** Values that f16 holds. */
const gradients = Array.from({ length: 12 }, (_, i) => [1 - i / 8, 0.25 + (i % 3) / 4, i % 2 === 0 ? 2 : -0.5]);

/** Too large for f16 at every scale of the loss that twenty skipped steps reach: 2^12 to 2^-8. */
const overflowing = [3e4, 0, 0];

/** As https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html has it, in float64. */
function adamInFloat64(
  taken: readonly (readonly number[])[],
  { weightDecay, decoupled }: { weightDecay: number; decoupled: boolean },
) {
  const [beta1, beta2, eps] = [0.9, 0.999, 1e-8];
  const weights = [...first];
  const [m, v] = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  taken.forEach((gradient, t) => {
    weights.forEach((w, i) => {
      const g = gradient[i]! + (decoupled ? 0 : weightDecay * w);
      m[i] = beta1 * m[i]! + (1 - beta1) * g;
      v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
      const [corrected1, corrected2] = [m[i]! / (1 - beta1 ** (t + 1)), v[i]! / (1 - beta2 ** (t + 1))];
      const before = decoupled ? w * (1 - rate * weightDecay) : w;
      weights[i] = before - (rate * corrected1) / (Math.sqrt(corrected2) + eps);
    });
  });
  return weights;
}

function expectClose(got: ArrayLike<number>, want: readonly number[]): void {
  // Each step rounds the weight and its update.
  want.forEach((value, i) => {
    expect(Math.abs(got[i]! - value), `weight ${i} is ${got[i]}, expected ${value}`).toBeLessThan(2e-6);
  });
}

const weightOf = async (step: TrainStep) => (await step.save()).tensors.get("weight")!.data;

const optimizers = {
  adam: { optimizer: adam({ weightDecay: 0.125 }), weightDecay: 0.125, decoupled: false },
  adamw: { optimizer: adamW({ weightDecay: 0.125 }), weightDecay: 0.125, decoupled: true },
};

describe.each(Object.entries(optimizers))("%s", (_, { optimizer, ...decay }) => {
  test("in f32 counts the steps that a gradient of infinity skipped as none", async () => {
    await withStep({ optimizer }, async (step) => {
      for (let i = 0; i < 10; i++) await step.run(inputs([1, Number.POSITIVE_INFINITY, 0]), rate);
      expect(await weightOf(step)).toEqual(first);
      for (const gradient of gradients) await step.run(inputs(gradient), rate);
      expectClose(await weightOf(step), adamInFloat64(gradients, decay));
      expect(step.step).toBe(22);
    });
  });

  test("in f16, skipped steps before and between, saved and restored among them", async ({ skip }) => {
    skip(!gpu.features.has("shader-f16"), "no shader-f16");
    const saved = await withStep({ optimizer, precision: "f16" }, async (step) => {
      const results = [];
      for (let i = 0; i < 10; i++) results.push(await step.run(inputs(overflowing), rate));
      expect(results.every(({ skipped }) => skipped)).toBe(true);
      for (const gradient of gradients.slice(0, 5))
        expect((await step.run(inputs(gradient), rate)).skipped).toBe(false);
      const state = await step.save();
      expect([...state.tensors.get("steps:taken")!.data]).toEqual([5]);
      return state;
    });
    await withStep({ optimizer, precision: "f16" }, async (step) => {
      await step.restore({
        ...saved,
        tensors: new Map(saved.tensors).set("scale:loss", { shape: [2], data: Float32Array.of(16, 0) }),
      });
      for (let i = 0; i < 2; i++) await step.run(inputs(overflowing), rate);
      for (const gradient of gradients.slice(5)) await step.run(inputs(gradient), rate);
      expectClose(await weightOf(step), adamInFloat64(gradients, decay));
    });
  });

  test("steps that are asked for before the skipped one has ended count rightly too", async () => {
    await withStep({ optimizer }, async (step) => {
      const all = [[Number.NaN, 0, 0], gradients[0]!, [0, Number.NEGATIVE_INFINITY, 0], ...gradients.slice(1)];
      await Promise.all(all.map((values) => step.run(inputs(values), rate)));
      expectClose(await weightOf(step), adamInFloat64(gradients, decay));
    });
  });
});

describe("a gradient whose norm's square f32 does not hold", () => {
  test.each([1e19, 1e25, 1e38, 3e38])("of %f is clipped, not skipped", async (size) => {
    await withStep({ optimizer: sgd(), clipNorm: 2 }, async (step) => {
      const { skipped, gradientNorm } = await step.run(inputs([size, size, 0]), 1);
      expect(skipped).toBe(false);
      const norm = Math.fround(Math.SQRT2 * Math.fround(size));
      if (Number.isFinite(norm)) expect(Math.abs(gradientNorm / norm - 1)).toBeLessThan(1e-6);
      else expect(gradientNorm).toBe(Number.POSITIVE_INFINITY);
      expectClose(await weightOf(step), [0.5 - Math.SQRT2, -1 - Math.SQRT2, 2]);
    });
  });

  test("moves weights as it says where nothing is clipped", async () => {
    await withStep({ optimizer: sgd() }, async (step) => {
      expect((await step.run(inputs([3e25, -1, 2e25]), 1e-25)).skipped).toBe(false);
      expectClose(await weightOf(step), [-2.5, -1, 0]);
    });
  });
});
