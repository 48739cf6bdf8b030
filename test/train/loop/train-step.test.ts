// A step of training by itself: clipping, groups, frozen parameters and statistics against PyTorch, f16, and what is fused.
//
// Literals are PyTorch 2.13's on the CPU, of a network of convolution (3x3, no bias), batch norm, ReLU and convolution (1x1),
// whose parameters, image and labels are waves:
//
//     wave = lambda shape, phase, scale=1: torch.tensor([scale * math.sin(0.7 * i + phase) for i in range(math.prod(shape))],
//                                                       dtype=torch.float32).reshape(shape)
//     net = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1, bias=False), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 2, 1))
//     with the weights wave((3, 2, 3, 3), 1, 0.5), 1 + wave((3,), 2, 0.2), wave((3,), 3, 0.2), wave((2, 3, 1, 1), 4), wave((2,), 5)
//     x, y = wave((2, 2, 4, 4), 0), (wave((2, 4, 4), 6) > 0).long()
//     three times: cross_entropy(net(x), y).backward(); norm = clip_grad_norm_(net.parameters(), limit or inf); optimizer.step()
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph } from "../../../src/graph/ir/graph.ts";
import { findNonFinite } from "../../../src/graph/run/non-finite.ts";
import { conv, norm, normRelu } from "../../../src/models/blocks/layers.ts";
import { relu } from "../../../src/ops/elementwise/activations.ts";
import { add } from "../../../src/ops/elementwise/arithmetic.ts";
import type { Shape, Tensor } from "../../../src/tensor.ts";
import { elementCount } from "../../../src/tensor.ts";
import { adam, adamW, type SgdOptions, sgd } from "../../../src/train/loop/optimizers.ts";
import { compileTrainStep, type TrainStep, type TrainStepOptions } from "../../../src/train/loop/train-step.ts";
import { crossEntropyLoss } from "../../../src/train/losses/index.ts";
import { openTestGpu } from "../../support/gpu.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

function wave(shape: Shape, phase: number, scale = 1): Float32Array {
  return Float32Array.from({ length: elementCount(shape) }, (_, i) => scale * Math.sin(0.7 * i + phase));
}

const inputs = {
  image: { shape: [2, 2, 4, 4], data: wave([2, 2, 4, 4], 0) },
  labels: { shape: [2, 4, 4], data: Uint32Array.from(wave([2, 4, 4], 6), (value) => (value > 0 ? 1 : 0)) },
};

const first: Readonly<Record<string, Float32Array>> = {
  "conv1.weight": wave([3, 2, 3, 3], 1, 0.5),
  "bn1.weight": wave([3], 2, 0.2).map((value) => value + 1),
  "bn1.bias": wave([3], 3, 0.2),
  "bn1.running_mean": new Float32Array(3),
  "bn1.running_var": new Float32Array(3).fill(1),
  "conv2.weight": wave([2, 3, 1, 1], 4),
  "conv2.bias": wave([2], 5),
};

function smallGraph(): Graph {
  const b = new GraphBuilder();
  const image = b.input("image", inputs.image.shape);
  const labels = b.input("labels", inputs.labels.shape, "u32");
  const features = normRelu(b, "bn1", conv(b, "conv1", image, { kernel: 3, outChannels: 3, padding: 1 }));
  b.output("loss", crossEntropyLoss(b, conv(b, "conv2", features, { kernel: 1, outChannels: 2, bias: true }), labels));
  return b.build();
}

type Options = Omit<TrainStepOptions, "parameter">;

async function withStep<T>(options: Options, use: (step: TrainStep) => Promise<T>): Promise<T> {
  const step = await compileTrainStep(gpu, smallGraph(), { ...options, parameter: async (name) => first[name]! });
  try {
    return await use(step);
  } finally {
    await step.dispose();
  }
}

interface Trained {
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  readonly tensors: ReadonlyMap<string, Tensor>;
}

function train(options: Options, rate: number): Promise<Trained> {
  return withStep(options, async (step) => {
    const [losses, norms]: number[][] = [[], []];
    for (let i = 0; i < 3; i++) {
      const { loss, gradientNorm } = await step.run(inputs, rate);
      losses!.push(loss);
      norms!.push(gradientNorm);
    }
    return { losses: losses!, norms: norms!, tensors: await step.parameters() };
  });
}

function expectClose(got: ArrayLike<number> | undefined, want: readonly number[], what: string): void {
  expect(got, what).toHaveLength(want.length);
  want.forEach((value, i) => {
    expect(Math.abs(got![i]! - value), `${what}: element ${i} is ${got![i]}, expected ${value}`).toBeLessThan(2e-5);
  });
}

const momentum = (options: SgdOptions = {}) => sgd({ momentum: 0.9, ...options });

describe("as PyTorch", () => {
  test("clipping, and running statistics with the unbiased variance", async () => {
    const { losses, norms, tensors } = await train({ optimizer: momentum(), clipNorm: 0.25 }, 0.5);
    expectClose(losses, [1.7680697, 1.5877918, 1.2876594], "losses");
    expectClose(norms, [1.5281754, 1.3918833, 1.1597859], "norms before they are clipped");
    const weight = [-0.55486459, -0.84736061, -0.65921533, -0.38410038, 0.34155077, 0.82445079];
    expectClose(tensors.get("conv2.weight")?.data, weight, "weight");
    expectClose(tensors.get("bn1.running_mean")?.data, [-0.022014813, -0.021411572, -0.020817431], "running mean");
    expectClose(tensors.get("bn1.running_var")?.data, [1.2686193, 1.2730038, 1.2840705], "running variance");
  });

  test("groups with rates and decays of their own; the first that matches counts", async () => {
    const groups = [
      { match: /^conv1/, rateFactor: 0.1, weightDecay: 0.2 },
      { match: /conv/, weightDecay: 0.01 },
      { match: /^conv1/, rateFactor: 100 },
    ];
    const { losses, norms, tensors } = await train({ optimizer: sgd({ weightDecay: 0.01 }), groups }, 0.5);
    expectClose(losses, [1.7680697, 0.92574167, 0.7251696], "losses");
    expectClose(norms, [1.5281754, 0.74378693, 0.37552443], "norms");
    const weight = [0.40786603, 0.48016927, 0.3264913, 0.020878682, -0.29548222, -0.47299853];
    expectClose(tensors.get("conv1.weight")?.data.slice(0, 6), weight, "weight of the slow group");
    expectClose(tensors.get("bn1.weight")?.data, [1.0560367, 0.57942241, 0.40380317], "weight of no group");
  });

  test("a batch norm whose weight and bias are frozen is as in evaluation, and keeps its statistics", async () => {
    const groups = [{ match: /^(conv1|bn1)/, frozen: true }];
    const { losses, norms, tensors } = await train({ optimizer: sgd(), groups }, 0.5);
    expectClose(losses, [2.2247987, 1.4947902, 0.89704365], "losses");
    expectClose(norms, [1.2241591, 1.1484483, 0.86507183], "norms");
    const weight = [-0.0031941235, -0.36456892, -0.25844061, -0.93577099, -0.14124092, 0.42367613];
    expectClose(tensors.get("conv2.weight")?.data, weight, "weight");
    for (const name of Object.keys(first).filter((name) => !name.startsWith("conv2"))) {
      expect(tensors.get(name)?.data, name).toEqual(first[name]);
    }
  });

  test("Adam, whose weight decay is part of the gradient", async () => {
    const { losses, norms, tensors } = await train({ optimizer: adam({ weightDecay: 0.1 }) }, 0.05);
    expectClose(losses, [1.7680696, 1.4688036, 1.1990979], "losses");
    expectClose(norms, [1.5281754, 1.3084681, 1.0455806], "norms, without the decay");
    const weight = [-0.60806483, -0.85163385, -0.6245985, -0.33038285, 0.34622452, 0.78969157];
    expectClose(tensors.get("conv2.weight")?.data, weight, "weight");
    expectClose(tensors.get("bn1.bias")?.data, [-0.11846106, -0.25378302, -0.33834803], "bias of batch norm");
  });

  test("AdamW, and statistics of another momentum", async () => {
    const options = { optimizer: adamW({ weightDecay: 0.1 }), statisticsMomentum: 0.25 };
    const { losses, norms, tensors } = await train(options, 0.05);
    expectClose(losses, [1.7680697, 1.4284183, 1.1482266], "losses");
    expectClose(norms, [1.5281754, 1.2533699, 0.94765949], "norms");
    const weight = [-0.59862626, -0.83841199, -0.61507475, -0.32632461, 0.34015143, 0.77784407];
    expectClose(tensors.get("conv2.weight")?.data, weight, "weight");
    expectClose(tensors.get("bn1.running_mean")?.data, [-0.045359865, -0.044460412, -0.043346316], "running mean");
    expectClose(tensors.get("bn1.running_var")?.data, [1.3562193, 1.3793671, 1.4044268], "running variance");
  });
});

describe("states", () => {
  test("a step that is saved while others are asked for is whole, and another goes on from it", async () => {
    const options = { optimizer: momentum() };
    const [saved, later] = await withStep(options, async (step) => {
      await step.run(inputs, 0.1);
      const [state] = await Promise.all([step.save(), step.run(inputs, 0.1), step.run(inputs, 0.1)]);
      return [state, await step.save()] as const;
    });
    const alone = await withStep(options, async (step) => {
      await step.run(inputs, 0.1);
      return step.save();
    });
    expect(saved).toEqual(alone);
    const resumed = await withStep(options, async (step) => {
      await step.restore(saved);
      await Promise.all([step.run(inputs, 0.1), step.run(inputs, 0.1)]);
      return step.save();
    });
    expect(resumed).toEqual(later);
    expect(resumed.step).toBe(3);
  });

  test("a state without a tensor is refused", async () => {
    await withStep({ optimizer: momentum() }, async (step) => {
      const { tensors } = await step.save();
      const partial = new Map(tensors);
      partial.delete("velocity:bn1.bias");
      await expect(step.restore({ step: 1, tensors: partial })).rejects.toThrow(
        new UsageError("training state: velocity:bn1.bias is missing"),
      );
    });
  });

  test("a gradient that is not finite changes no weight and no moment", async () => {
    await withStep({ optimizer: momentum() }, async (step) => {
      await step.run(inputs, 0.1);
      const before = await step.save();
      const data = inputs.image.data.slice();
      data[5] = Number.POSITIVE_INFINITY;
      const { gradientNorm } = await step.run({ ...inputs, image: { ...inputs.image, data } }, 0.1);
      expect(Number.isFinite(gradientNorm)).toBe(false);
      const after = await step.save();
      for (const [name, { data }] of before.tensors) {
        if (!name.includes("running")) expect(after.tensors.get(name)?.data, name).toEqual(data);
      }
      const parameter = async (name: string) => before.tensors.get(name)!.data;
      const diverged = { ...inputs, image: { ...inputs.image, data } };
      expect(await findNonFinite(gpu, step.forward, { inputs: diverged, parameter })).toBe("input image");
      expect(await findNonFinite(gpu, step.forward, { inputs, parameter })).toBeUndefined();
      const nan = async (name: string) =>
        name === "bn1.bias" ? new Float32Array(3).fill(Number.NaN) : parameter(name);
      expect(await findNonFinite(gpu, step.forward, { inputs, parameter: nan })).toBe("parameter bn1.bias");
      const huge = async (name: string) =>
        (await parameter(name)).map((value) => (name === "conv2.weight" ? 3e38 : value));
      expect(await findNonFinite(gpu, step.forward, { inputs, parameter: huge })).toBe("conv2d conv2");
    });
  });
});

describe("in f16", () => {
  test("trains, near what f32 does", async ({ skip }) => {
    skip(!gpu.features.has("shader-f16"), "no shader-f16");
    const options = { optimizer: sgd() };
    const full = await train(options, 0.5);
    const half = await train({ ...options, precision: "f16" }, 0.5);
    half.losses.forEach((loss, i) => {
      expect(Math.abs(loss / full.losses[i]! - 1)).toBeLessThan(5e-3);
    });
    expect(half.losses[2]).toBeLessThan(0.6 * half.losses[0]!);
    expect(half.losses).not.toEqual(full.losses);
    expect(Math.abs(half.norms[0]! / full.norms[0]! - 1), "norm, without the loss's scale").toBeLessThan(5e-3);
  });

  test("an overflow halves the scale of the loss and changes no weight; later steps do", async ({ skip }) => {
    skip(!gpu.features.has("shader-f16"), "no shader-f16");
    await withStep({ optimizer: momentum(), precision: "f16" }, async (step) => {
      const { tensors } = await step.save();
      expect([...tensors.get("scale:loss")!.data]).toEqual([2 ** 12, 0]);
      // Gradients of a weight before batch norm grow as the weight shrinks: these to several times what f16 holds.
      const small = wave([3, 2, 3, 3], 1, 0.002);
      const goOn = (scale: number, steady: number) => {
        const state = new Map(tensors).set("scale:loss", { shape: [2], data: Float32Array.of(scale, steady) });
        return step.restore({ step: 0, tensors: state.set("conv1.weight", { shape: [3, 2, 3, 3], data: small }) });
      };
      const scaleNow = async () => [...(await step.save()).tensors.get("scale:loss")!.data];
      await goOn(2 ** 15, 7);
      const { loss, gradientNorm } = await step.run(inputs, 0.5);
      expect([Number.isFinite(loss), Number.isFinite(gradientNorm)]).toEqual([true, false]);
      expect(await scaleNow()).toEqual([2 ** 14, 0]);
      const after = await step.save();
      expect(after.tensors.get("conv1.weight")?.data).toEqual(small);
      for (const [name, { data }] of tensors) {
        if (!/running|scale:|^conv1/.test(name)) expect(after.tensors.get(name)?.data, name).toEqual(data);
      }
      await goOn(2 ** 10, 198);
      await step.run(inputs, 1e-6);
      expect(await scaleNow()).toEqual([2 ** 10, 199]);
      await step.run(inputs, 1e-6);
      expect(await scaleNow()).toEqual([2 ** 11, 200]);
      expect((await step.save()).tensors.get("conv2.weight")?.data).not.toEqual(tensors.get("conv2.weight")?.data);
    });
  });

  test("the scale of the loss is never more than f16 holds", async ({ skip }) => {
    skip(!gpu.features.has("shader-f16"), "no shader-f16");
    await withStep({ optimizer: momentum(), precision: "f16" }, async (step) => {
      const { tensors } = await step.save();
      const scale = { shape: [2], data: Float32Array.of(2 ** 15, 199) };
      await step.restore({ step: 0, tensors: new Map(tensors).set("scale:loss", scale) });
      await step.run(inputs, 0);
      expect([...(await step.save()).tensors.get("scale:loss")!.data]).toEqual([2 ** 15, 200]);
    });
  });
});

test("batch norm, residual and ReLU are one dispatch, whose statistics the gradient takes; packing takes none", async () => {
  const b = new GraphBuilder();
  const image = b.input("image", inputs.image.shape);
  const labels = b.input("labels", inputs.labels.shape, "u32");
  const x = conv(b, "conv1", image, { kernel: 3, outChannels: 2, padding: 1 });
  const inner = norm(b, "bn1", conv(b, "conv2", x, { kernel: 3, outChannels: 2, padding: 1 }));
  b.output("loss", crossEntropyLoss(b, b.apply(relu, [b.apply(add, [inner, x], {})], {}, { name: "block" }), labels));
  const step = await compileTrainStep(gpu, b.build(), {
    optimizer: momentum(),
    parameter: async (name) => (name.endsWith("var") ? Float32Array.of(1, 1) : wave([/conv/.test(name) ? 36 : 2], 1)),
  });
  try {
    const kernels = step.compiled.steps.map(({ name, kernel }) => [name, kernel] as const);
    expect(kernels.filter(([, kernel]) => kernel.startsWith("batchNormTraining"))).toEqual([
      ["block", "batchNormTraining/channel"],
    ]);
    expect(kernels.filter(([, kernel]) => kernel.startsWith("batchNormGradient"))).toHaveLength(1);
    const copies = kernels.filter(([, kernel]) => /^(pack|unpack|relu|add|reshape|mean|variance)\//.test(kernel));
    expect(copies).toEqual([]);
    expect(kernels.filter(([, kernel]) => kernel.startsWith("sgdUpdate"))).toHaveLength(1);
    expect(kernels.filter(([, kernel]) => kernel.startsWith("runningUpdate"))).toHaveLength(1);
  } finally {
    await step.dispose();
  }
});
