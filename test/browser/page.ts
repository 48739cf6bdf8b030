// Runs in the browser: the same library, the same weights, the same input; sends back what it computed.
import { loadModel, openGpu, readSafetensors, type Tensor, writeSafetensors } from "../../src/index.ts";

async function main(): Promise<void> {
  const gpu = await openGpu();
  const { tensors } = await readSafetensors("/reference.safetensors");
  const { shape, data } = tensors.get("input:image")!;
  const image: Tensor = { shape, data: data as Float32Array };
  const model = await loadModel(gpu, "/model.safetensors", { shape });
  const { logits } = await model.run({ image });
  await model.dispose();
  const result = { logits: { shape: logits!.shape, data: logits!.data as Float32Array } };
  const body = writeSafetensors(result, { adapter: gpu.adapter.driver, buffers: String(gpu.allocated.buffers) });
  await gpu.dispose();
  await fetch("/result", { method: "POST", body: new Uint8Array(body) });
}

main().catch((error) => fetch("/error", { method: "POST", body: String(error?.stack ?? error) }));
