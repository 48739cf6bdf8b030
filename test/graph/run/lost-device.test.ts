// A device that is lost comes back: the next run has the same bits, what was under way says that it was lost, nothing is left over.
// ATROUS_LOSSES=100 loses the device that many times at random moments.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DeviceError, FormatError, UsageError } from "../../../src/errors.ts";
import { BufferUsage, type Gpu } from "../../../src/gpu/gpu.ts";
import { openGpu } from "../../../src/gpu/node.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph } from "../../../src/graph/ir/graph.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { loadModel, type Model } from "../../../src/models/load.ts";
import { openModelFile } from "../../../src/models/model-file.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { relu } from "../../../src/ops/elementwise/activations.ts";
import { createSegmenter } from "../../../src/segment/segmenter.ts";
import type { Tensor } from "../../../src/tensor.ts";
import { adam } from "../../../src/train/loop/optimizers.ts";
import { compileTrainStep } from "../../../src/train/loop/train-step.ts";
import { crossEntropyLoss } from "../../../src/train/losses/index.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { collectAll } from "../../support/memory.ts";
import { createRandom, uniform } from "../../support/random.ts";

const weights = "weights/goldens/plain-w8/model.safetensors";
const shape = [1, 3, 64, 64];
const image = { shape, data: uniform(3 * 64 * 64, createRandom(1)) };
const losses = Number(process.env.ATROUS_LOSSES ?? 4);

/** Some layers with a weight. */
function layers(): Graph {
  const b = new GraphBuilder();
  const x = b.input("image", shape);
  b.output("y", b.apply(relu, [b.apply(conv2d, [x, b.parameter("w", [8, 3, 3, 3])], { padding: 1 })], {}));
  return b.build();
}

/** All that three steps of a training leave. */
async function train(gpu: Gpu): Promise<ReadonlyMap<string, Tensor>> {
  const b = new GraphBuilder();
  const x = b.input("image", shape);
  const y = b.apply(relu, [b.apply(conv2d, [x, b.parameter("w", [2, 3, 3, 3])], { padding: 1 })], {});
  b.output("loss", crossEntropyLoss(b, y, b.input("labels", [1, 64, 64], "u32")));
  const step = await compileTrainStep(gpu, b.build(), {
    optimizer: adam(),
    parameter: async () => uniform(54, createRandom(2)),
  });
  try {
    const labels = { shape: [1, 64, 64], data: Uint32Array.from({ length: 64 * 64 }, (_, n) => n % 2) };
    for (let n = 0; n < 3; n++) await step.run({ image, labels }, 0.01);
    return (await step.save()).tensors;
  } finally {
    await step.dispose();
  }
}

async function failureOf(work: Promise<unknown>): Promise<DeviceError> {
  const error = await work.then(
    () => new Error("no error"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DeviceError);
  return error as DeviceError;
}

const bytesOf = ({ data }: Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");

describe("a device that the engine opened", () => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await openTestGpu();
  });
  afterAll(() => gpu.dispose());

  test("is opened again by the next run of a model, and gives the same bits", async () => {
    const model = await loadModel(gpu, weights, { shape });
    const before = await model.run({ image });
    const { device } = gpu;
    const held = gpu.allocated;
    device.destroy();
    const error = await failureOf(model.run({ image }));
    expect(error.kind).toBe("lost");
    await gpu.lost;
    const pixels = image.data.slice();
    const running = model.run({ image: { shape, data: pixels } });
    pixels.fill(0);
    expect(bytesOf((await running).logits!)).toBe(bytesOf(before.logits!));
    expect(gpu.device).not.toBe(device);
    expect(gpu.isLost).toBe(false);
    expect(gpu.allocated).toEqual(held);
    await model.dispose();
    expect(gpu.allocated).toEqual({ buffers: 0, bytes: 0 });
  });

  test("is opened once for all that runs on it", async () => {
    const asked: string[] = [];
    const parameter = async (name: string) => {
      asked.push(name);
      return uniform(216, createRandom(2));
    };
    const [one, other] = [await compile(gpu, layers(), { parameter }), await loadModel(gpu, weights, { shape })];
    const [y, logits] = [(await one.run({ image })).y!, (await other.run({ image })).logits!];
    gpu.device.destroy();
    await gpu.lost;
    const again = await Promise.all([one.run({ image }), other.run({ image }), one.run({ image })]);
    expect(again.map((outputs) => bytesOf(outputs.y ?? outputs.logits!))).toEqual([y, logits, y].map(bytesOf));
    expect(asked).toEqual(["w", "w"]);
    await Promise.all([one.dispose(), other.dispose()]);
  });

  test("weights are opened again after a loss, and an error says so where they are gone", async () => {
    const file = new Blob([new Uint8Array(await readFile(weights))]);
    const model = await loadModel(gpu, file, { shape });
    const { logits } = await model.run({ image });
    gpu.device.destroy();
    await gpu.lost;
    expect(bytesOf((await model.run({ image })).logits!)).toBe(bytesOf(logits!));
    await model.dispose();
    let reads = 0;
    const once = await compile(gpu, layers(), {
      parameter: async () => {
        if (++reads > 1) throw new UsageError("the weights were read once");
        return uniform(216, createRandom(2));
      },
    });
    gpu.device.destroy();
    await gpu.lost;
    await expect(once.run({ image })).rejects.toThrow("the weights were read once");
    await once.dispose();
  });

  test("weights that are others by then are an error", async () => {
    const bytes = new Uint8Array(await readFile(weights));
    const model = await loadModel(gpu, bytes, { shape });
    gpu.device.destroy();
    await gpu.lost;
    const last = bytes.length - 1;
    bytes[last]! ^= 1;
    const error = await model.run({ image }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toMatch(/parameter \S+: has other values than before the device was lost; load it again$/);
    bytes[last]! ^= 1;
    expect((await model.run({ image })).logits!.shape).toEqual([1, 2, 64, 64]);
    await model.dispose();
  });

  test("is opened again by a segmenter", async () => {
    const options = { height: 40, width: 48, spacingMm: [1, 1] as const, batch: 2 };
    const segmenter = await createSegmenter(gpu, weights, options);
    const slices = [1, 2, 3].map((seed) => uniform(40 * 48, createRandom(seed)));
    const before = await segmenter.segment(slices);
    gpu.device.destroy();
    expect((await failureOf(segmenter.segment(slices))).kind).toBe("lost");
    await gpu.lost;
    expect(await segmenter.segment(slices)).toEqual(before);
    await segmenter.dispose();
    const file = await openModelFile(weights);
    const ofFile = await createSegmenter(gpu, file, options);
    await file.weights.close();
    gpu.device.destroy();
    await gpu.lost;
    await expect(ofFile.segment(slices)).rejects.toThrow(/model\.safetensors: read after close/);
    await ofFile.dispose();
    expect(gpu.allocated).toEqual({ buffers: 0, bytes: 0 });
  });

  test("states are lost with it", async () => {
    const b = new GraphBuilder();
    b.output("y", b.apply(relu, [b.state("memory", [4])], {}));
    const graph = await compile(gpu, b.build(), { parameter: async () => Float32Array.of(1, -1, 2, -2) });
    expect((await graph.run({})).y!.data).toEqual(Float32Array.of(1, 0, 2, 0));
    gpu.device.destroy();
    await gpu.lost;
    const error = await failureOf(graph.run({}));
    expect([error.kind, error.message]).toEqual([
      "lost",
      "GPU device lost, and the states of this graph with it; compile it again",
    ]);
    await gpu.reopen();
    expect((await failureOf(graph.readState("memory"))).kind).toBe("lost");
    await graph.dispose();
  });

  test("what is under way says that it was lost, at any moment", { timeout: 60_000 + 8_000 * losses }, async () => {
    const random = createRandom(Number(process.env.ATROUS_LOSS_SEED ?? 1));
    let model = await loadModel(gpu, weights, { shape });
    const segmenter = await createSegmenter(gpu, weights, { height: 40, width: 48, spacingMm: [1, 1], batch: 1 });
    const slices = [1, 2, 3, 4].map((seed) => uniform(40 * 48, createRandom(seed)));
    const logitsNow = async () => bytesOf((await model.run({ image })).logits!);
    const mapsNow = async () => (await segmenter.segment(slices)).map((map) => Buffer.from(map).toString("base64"));
    const trainedNow = async () => [...(await train(gpu))].map(([name, tensor]) => [name, bytesOf(tensor)]);
    const [logits, maps, trained] = [await logitsNow(), await mapsNow(), await trainedNow()];
    const pixels = 2 * 64 * 64;
    const readBack = async () => {
      const buffer = gpu.createBuffer(4 * pixels, BufferUsage.COPY_DST | BufferUsage.COPY_SRC, "logits");
      try {
        await model.run({ image }, { into: { logits: buffer } });
        for (let n = 0; n < 20; n++) await gpu.read(buffer, 0, 4 * pixels);
      } finally {
        gpu.destroyBuffer(buffer);
      }
    };
    const load = async () => {
      const loaded = await loadModel(gpu, weights, { shape });
      await model.dispose();
      model = loaded;
    };
    // What is under way, and how long it may take until the loss.
    const works: readonly (readonly [what: string, ms: number, work: () => Promise<unknown>])[] = [
      ["run", 15, () => model.run({ image })],
      ["load", 600, load],
      ["train step", 600, () => train(gpu)],
      ["read-back", 40, readBack],
      ["runs", 30, () => Promise.all(Array.from({ length: 5 }, () => model.run({ image })))],
      ["profile", 15, () => model.profile({ image }, { rounds: 1 })],
      ["segment", 60, mapsNow],
    ];
    const mayProfile = gpu.features.has("timestamp-query");
    const counts = new Map<string, { lost: number; done: number }>();
    for (let loss = 0; loss < losses; loss++) {
      const [what, ms, work] = works[loss % works.length]!;
      if (what === "profile" && !mayProfile) continue;
      const settled = work().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      await new Promise((resume) => setTimeout(resume, random() * ms));
      // A load that has not come to the device yet opens it again.
      const { lost } = gpu;
      gpu.device.destroy();
      const reason = await settled;
      const count = counts.get(what) ?? { lost: 0, done: 0 };
      counts.set(what, count);
      if (reason === undefined) count.done++;
      else {
        expect([reason instanceof DeviceError && reason.kind, `loss ${loss}: ${reason}`]).toEqual([
          "lost",
          expect.anything(),
        ]);
        count.lost++;
      }
      await lost;
      expect(await logitsNow(), `loss ${loss}`).toBe(logits);
      if (what === "segment") expect(await mapsNow(), `loss ${loss}`).toEqual(maps);
      if (what === "train step") expect(await trainedNow(), `loss ${loss}`).toEqual(trained);
    }
    const told = [...counts].map(([what, { lost, done }]) => `${what}: ${lost} lost, ${done} had ended`);
    console.log(`${losses} losses of the device; ${told.join("; ")}`);
    await Promise.all([model.dispose(), segmenter.dispose()]);
    expect(gpu.allocated).toEqual({ buffers: 0, bytes: 0 });
  });

  test("nothing holds devices that were lost", async () => {
    const graph = await compile(gpu, layers(), { parameter: async () => uniform(216, createRandom(2)) });
    const devices: WeakRef<GPUDevice>[] = [];
    for (let loss = 0; loss < 6; loss++) {
      devices.push(new WeakRef(gpu.device));
      const [running, { lost }] = [failureOf(graph.run({ image })), gpu];
      gpu.device.destroy();
      expect((await running).kind).toBe("lost");
      await lost;
      await graph.run({ image });
    }
    await collectAll();
    // The last one may still be on a stack.
    expect(devices.filter((device) => device.deref()).length).toBeLessThanOrEqual(1);
    await graph.dispose();
  });
});

test("a device of the caller's is given again", async () => {
  const opened = await Promise.all([openTestGpu(), openTestGpu()]);
  const [first, second] = opened.map(({ device }) => device);
  const gpu = await openGpu({ device: first! });
  const model: Model = await loadModel(gpu, weights, { shape });
  const { logits } = await model.run({ image });
  first!.destroy();
  await gpu.lost;
  const error = await failureOf(model.run({ image }));
  expect([error.kind, error.message]).toEqual(["lost", expect.stringContaining("give another one to restore")]);
  await model.restore(second!);
  expect(bytesOf((await model.run({ image })).logits!)).toBe(bytesOf(logits!));
  await model.dispose();
  await expect(loadModel(opened[0]!, weights, { shape }).then((own) => own.restore(second!))).rejects.toThrow(
    UsageError,
  );
  await Promise.all([gpu.dispose(), ...opened.map((each) => each.dispose().catch(() => undefined))]);
});

test("a device of the caller's gives everything back when another takes its place", async () => {
  const opened = await Promise.all([openTestGpu(), openTestGpu()]);
  const [first, second] = opened.map(({ device }) => device);
  const living = countBuffers(first!);
  const gpu = await openGpu({ device: first! });
  const model = await loadModel(gpu, weights, { shape });
  const { logits } = await model.run({ image });
  expect(living.size).toBeGreaterThan(0);
  for (const wrong of [undefined, {}, gpu]) {
    // @ts-expect-error no GPUDevice
    await expect(model.restore(wrong)).rejects.toThrow(UsageError);
  }
  const underWay = failureOf(model.run({ image }));
  await model.restore(second!);
  expect((await underWay).kind).toBe("lost");
  expect(living.size).toBe(0);
  expect(bytesOf((await model.run({ image })).logits!)).toBe(bytesOf(logits!));
  await model.dispose();
  await Promise.all([gpu.dispose(), ...opened.map((each) => each.dispose())]);
});

/** Buffers of a device that are created and not destroyed since. */
function countBuffers(device: GPUDevice): Set<GPUBuffer> {
  const living = new Set<GPUBuffer>();
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      living.delete(buffer);
      destroy();
    };
    living.add(buffer);
    return buffer;
  };
  return living;
}
