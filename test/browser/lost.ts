// Runs in the browser: its GPU process is killed again and again; after each, the model has to give what it gave before.
import { DeviceError, loadModel, openGpu, readSafetensors, type Tensor } from "../../src/index.ts";

const mostKills = 6;

interface Outcome {
  /** Kills after which the model gave the same bits. */
  healed: number;
  /** The error of the first kill after which the browser gave no device. */
  refusal: string | null;
  /** Kinds of the errors of runs that were under way. */
  readonly underWay: string[];
}

async function main(): Promise<void> {
  const gpu = await openGpu();
  const { tensors } = await readSafetensors("/reference.safetensors");
  const { shape, data } = tensors.get("input:image")!;
  const image: Tensor = { shape, data: data as Float32Array };
  const model = await loadModel(gpu, "/model.safetensors", { shape });
  const { logits } = await model.run({ image });
  const outcome: Outcome = { healed: 0, refusal: null, underWay: [] };
  while (outcome.healed < mostKills && outcome.refusal === null) {
    const running = model.run({ image }).then(
      () => "done",
      (error: unknown) => (error instanceof DeviceError ? error.kind : String(error)),
    );
    await fetch("/kill-gpu", { method: "POST" });
    outcome.underWay.push(await running);
    await gpu.lost;
    try {
      const again = await model.run({ image });
      if (!again.logits!.data.every((value, i) => value === logits!.data[i]))
        throw new Error("other bits after a loss");
      outcome.healed++;
    } catch (error) {
      if (!(error instanceof DeviceError) || error.kind !== "lost") throw error;
      outcome.refusal = error.message;
    }
  }
  await fetch("/result", { method: "POST", body: JSON.stringify(outcome) });
}

main().catch((error) => fetch("/error", { method: "POST", body: String(error?.stack ?? error) }));
