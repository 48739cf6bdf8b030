// A device that is lost comes back: the next run has the same bits, what was under way says that it was lost, nothing is left over.
// ATROUS_LOSSES=100 loses the device that many times at random moments.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DeviceError, FormatError, UsageError } from "../../../src/errors.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { openGpu } from "../../../src/gpu/node.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph } from "../../../src/graph/ir/graph.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { loadModel, type Model } from "../../../src/models/load.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { relu } from "../../../src/ops/elementwise/activations.ts";
import { createSegmenter } from "../../../src/segment/segmenter.ts";
import type { Tensor } from "../../../src/tensor.ts";
import { openTestGpu } from "../../support/gpu.ts";
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

  test("what is under way says that it was lost, at any moment", { timeout: 60_000 + 4_000 * losses }, async () => {
    const random = createRandom(Number(process.env.ATROUS_LOSS_SEED ?? 1));
    let model = await loadModel(gpu, weights, { shape });
    const logits = bytesOf((await model.run({ image })).logits!);
    const counts = { lost: 0, done: 0 };
    for (let loss = 0; loss < losses; loss++) {
      const kind = loss % 4;
      const works = [
        () => model.run({ image }),
        () => Promise.all([model.run({ image }), model.run({ image }), model.run({ image }), model.run({ image })]),
        () => model.profile({ image }, { rounds: 1 }),
        async () => {
          const loaded = await loadModel(gpu, weights, { shape });
          await model.dispose();
          model = loaded;
        },
      ] as const;
      const work = works[kind]!();
      const settled = work.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      await new Promise((resume) => setTimeout(resume, random() * (kind === 3 ? 600 : 15)));
      gpu.device.destroy();
      const reason = await settled;
      if (reason === undefined) counts.done++;
      else {
        expect(reason, `loss ${loss}`).toBeInstanceOf(DeviceError);
        expect((reason as DeviceError).kind, `loss ${loss}: ${reason}`).toMatch(/^lost$|^unsupported$/);
        counts.lost++;
      }
      await gpu.lost;
      expect(bytesOf((await model.run({ image })).logits!), `loss ${loss}`).toBe(logits);
    }
    console.log(`${losses} losses: ${counts.lost} of what was under way were lost, ${counts.done} had ended`);
    await model.dispose();
    expect(gpu.allocated).toEqual({ buffers: 0, bytes: 0 });
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
