// The library in a real browser gives what it gives in Node.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { difference } from "../../src/difference.ts";
import { readSafetensors } from "../../src/formats/safetensors/index.ts";
import { loadModel } from "../../src/models/load.ts";
import { buildModel, dataType } from "../formats/onnx/build.ts";
import { openTestGpu } from "../support/gpu.ts";
import { bundleForBrowser } from "./bundle.ts";
import { findChromium, runPage } from "./chromium.ts";

const chromium = findChromium();
if (!chromium) console.warn("LEFT OUT: the browser test, since no Chromium was found (set CHROMIUM_PATH)");

/** y = 2 * x, with the factor in a file beside the model. */
const factor = {
  name: "w",
  dims: [1, 1, 1, 1],
  data_type: dataType.f32,
  data_location: 1,
  external_data: [{ key: "location", value: "data/w.bin" }],
};
const onnxModel = buildModel({
  inputs: { x: [1, 1, 1, "width"] },
  nodes: [{ op: "Conv", name: "y", inputs: ["x", "w"] }],
  initializers: [factor],
});

const golden = "weights/goldens/msff-w8-pools";

const binaryFile = (name: string) => ({
  type: "application/octet-stream",
  body: new Uint8Array(readFileSync(`${golden}/${name}`)),
});
const html = { type: "text/html", body: '<!doctype html><script type="module" src="/page.js"></script>' };
const script = async (entry: string) => ({ type: "text/javascript", body: await bundleForBrowser(entry) });

test.skipIf(!chromium)("the network in headless Chromium agrees with Node", { timeout: 120_000 }, async () => {
  const bytes = (name: string) => new Uint8Array(readFileSync(`${golden}/${name}`));
  const posted = await runPage(
    chromium!,
    {
      "/": html,
      "/page.js": await script("test/browser/page.ts"),
      "/model.safetensors": binaryFile("model.safetensors"),
      "/reference.safetensors": binaryFile("reference.safetensors"),
      "/onnx/model.onnx": { type: "application/octet-stream", body: onnxModel },
      "/onnx/data/w.bin": { type: "application/octet-stream", body: new Uint8Array(Float32Array.of(2).buffer) },
    },
    100_000,
  );
  const browser = await readSafetensors(posted);
  expect(browser.metadata.buffers, "buffers alive after dispose").toBe("0");

  expect(browser.tensors.get("doubled")).toMatchObject({ shape: [1, 1, 1, 3], data: Float32Array.of(2, 4, 6) });

  const entry = { choice: "conv2d/direct", sourceHash: "0", microseconds: 1 };
  const kept = { schema: 1, adapter: "one", entries: { second: entry } };
  expect(JSON.parse(browser.metadata.tuning!), "tunings in IndexedDB").toEqual([kept, null]);

  const gpu = await openTestGpu();
  const { tensors } = await readSafetensors(bytes("reference.safetensors"));
  const image = tensors.get("input:image")!;
  const model = await loadModel(gpu, bytes("model.safetensors"), { shape: image.shape });
  const { logits } = await model.run({ image: { shape: image.shape, data: image.data as Float32Array } });
  await model.dispose();
  await gpu.dispose();

  const got = browser.tensors.get("logits")!;
  expect(got.shape).toEqual(logits!.shape);
  expect(difference(got.shape, got.data as Float32Array, logits!.data).relativeL2).toBeLessThanOrEqual(1e-5);
  const torch = tensors.get("output:logits")!.data as Float32Array;
  expect(difference(got.shape, got.data as Float32Array, torch).relativeL2).toBeLessThanOrEqual(1e-5);
});

test.skipIf(!chromium || process.platform !== "linux")(
  "a device that the browser loses comes back as often as the browser grants one",
  { timeout: 120_000 },
  async () => {
    const posted = await runPage(
      chromium!,
      {
        "/": html,
        "/page.js": await script("test/browser/lost.ts"),
        "/model.safetensors": binaryFile("model.safetensors"),
        "/reference.safetensors": binaryFile("reference.safetensors"),
      },
      100_000,
    );
    const { healed, refusal, underWay } = JSON.parse(new TextDecoder().decode(posted));
    console.log(
      `the GPU process was killed ${underWay.length} times, the device came back ${healed} times; ${refusal}`,
    );
    expect(healed).toBeGreaterThanOrEqual(1);
    expect(
      underWay.every((kind: string) => kind === "lost" || kind === "done"),
      underWay.join(),
    ).toBe(true);
    // No adapter is the browser's decision.
    if (refusal !== null) expect(refusal).toMatch(/^GPU device lost, and it does not open again: openGpu: no adapter/);
  },
);
