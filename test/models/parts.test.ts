// Batches that a device has no room for in one binding run in parts, and give the same bits.
import { afterAll, beforeAll, expect, test } from "vitest";
import { DeviceError, ShapeError, UsageError } from "../../src/errors.ts";
import { BufferUsage, type Gpu } from "../../src/gpu/gpu.ts";
import { openGpu } from "../../src/gpu/node.ts";
import { loadModel } from "../../src/models/load.ts";
import { openTestGpu } from "../support/gpu.ts";
import { createRandom, uniform } from "../support/random.ts";

const weights = "weights/goldens/plain-w8/model.safetensors";
const items = 6;
const shape = [items, 3, 128, 128];
const image = { shape, data: uniform(items * 3 * 128 * 128, createRandom(1)) };

let whole: Gpu;
beforeAll(async () => {
  whole = await openTestGpu();
});
afterAll(() => whole.dispose());

/** The same device, with bindings of at most some bytes. */
function withBindings(device: GPUDevice, maxStorageBufferBindingSize: number): GPUDevice {
  const limits = new Proxy(device.limits, {
    get: (target, key) =>
      key === "maxStorageBufferBindingSize" ? maxStorageBufferBindingSize : Reflect.get(target, key),
  });
  return new Proxy(device, {
    get(target, key) {
      if (key === "limits") return limits;
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

test("a batch in parts has the bits of the whole", async () => {
  const model = await loadModel(whole, weights, { shape, outputs: ["logits", "classes"] });
  expect(model.parts).toBe(1);
  const expected = await model.run({ image });
  await model.dispose();

  // The largest tensor takes 256 KiB an image.
  const gpu = await openGpu({ device: withBindings(whole.device, 600 * 1024) });
  const small = await loadModel(gpu, weights, { shape, outputs: ["logits", "classes"] });
  expect(small.parts).toBe(3);
  const given = image.data.slice();
  const logits = new Float32Array(expected.logits!.data.length);
  const running = small.run({ image: { shape, data: given } }, { into: { logits } });
  given.fill(0);
  const got = await running;
  expect(got.logits!.data).toBe(logits);
  expect(got).toEqual(expected);

  await expect(small.run({ image: { shape: [2, 3, 128, 128], data: given } })).rejects.toThrow(
    new ShapeError('run: input "image" has shape [2, 3, 128, 128], expected [6, 3, 128, 128]'),
  );
  const buffer = whole.createBuffer(given.byteLength, BufferUsage.STORAGE | BufferUsage.COPY_SRC, "image");
  const error = await small.run({ image: { shape, buffer } }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UsageError);
  expect(`${error}`).toContain("the batch is too large for this device and runs in parts");
  whole.destroyBuffer(buffer);
  await small.dispose();
  await gpu.dispose();
});

test("an image that does not fit is an error that names the layer, the bytes, the limit and what to do", async () => {
  const gpu = await openGpu({ device: withBindings(whole.device, 220 * 1024) });
  const error = await loadModel(gpu, weights, { shape }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DeviceError);
  expect(`${error}`).toMatch(
    /buffer "activations of [\w.]+": too large: needs \d+ bytes, maxStorageBufferBindingSize of this adapter is 225280 .*; a smaller batch or image, or f16, takes less/,
  );
  await gpu.dispose();
});

test.each([0, 1.5, -2, Number.NaN])("a batch of %s images is refused", async (count) => {
  await expect(loadModel(whole, weights, { shape: [count, 3, 128, 128] })).rejects.toThrow(ShapeError);
});
