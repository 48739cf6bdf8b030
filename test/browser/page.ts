// Runs in the browser: the same library, the same weights, the same input; sends back what it computed.
import {
  type Gpu,
  loadModel,
  openGpu,
  readSafetensors,
  readStoredTuning,
  storeTuning,
  type Tensor,
  type Tuning,
  writeSafetensors,
} from "../../src/index.ts";

async function main(): Promise<void> {
  const gpu = await openGpu();
  const { tensors } = await readSafetensors("/reference.safetensors");
  const { shape, data } = tensors.get("input:image")!;
  const image: Tensor = { shape, data: data as Float32Array };
  const model = await loadModel(gpu, "/model.safetensors", { shape });
  const { logits } = await model.run({ image });
  await model.dispose();
  const doubled = await runOnnx(gpu);
  const result = {
    logits: { shape: logits!.shape, data: logits!.data as Float32Array },
    doubled: { shape: doubled.shape, data: doubled.data as Float32Array },
  };
  const metadata = { adapter: gpu.adapter.driver, buffers: String(gpu.allocated.buffers), tuning: await keepTunings() };
  const body = writeSafetensors(result, metadata);
  await gpu.dispose();
  await fetch("/result", { method: "POST", body: new Uint8Array(body) });
}

/** An ONNX model whose weights are in another file. */
async function runOnnx(gpu: Gpu): Promise<Tensor> {
  const shape = [1, 1, 1, 3];
  const model = await loadModel(gpu, "/onnx/model.onnx", { shape });
  const { y } = await model.run({ x: { shape, data: Float32Array.of(1, 2, 3) } });
  await model.dispose();
  return y!;
}

/** What is left of two tunings of one adapter and none of another. */
async function keepTunings(): Promise<string> {
  const entry = { choice: "conv2d/direct", sourceHash: "0", microseconds: 1 };
  const tuning = (key: string): Tuning => ({ schema: 1, adapter: "one", entries: { [key]: entry } });
  await storeTuning(tuning("first"));
  await storeTuning(tuning("second"));
  return JSON.stringify([await readStoredTuning("one"), (await readStoredTuning("another")) ?? null]);
}

main().catch((error) => fetch("/error", { method: "POST", body: String(error?.stack ?? error) }));
