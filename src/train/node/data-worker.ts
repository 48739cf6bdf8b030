// A thread that prepares batches, one after the other. Bundled as dist/data-worker.js.
import { parentPort, workerData } from "node:worker_threads";
import { type Batch, prepareBatch } from "../data/batch.ts";
import { type DatasetRecipe, FileDataset } from "../data/file-dataset.ts";
import type { ThreadAnswer, ThreadRequest } from "../data/threads.ts";

const recipe: DatasetRecipe = workerData;
const dataset = new FileDataset(recipe);
let queue: Promise<unknown> = Promise.resolve();

parentPort!.on("message", ({ id, request }: ThreadRequest) => {
  queue = queue.then(async () => {
    const answer = await prepareBatch(dataset, request).then(
      (batch): ThreadAnswer => ({ id, batch }),
      (error: unknown): ThreadAnswer => ({ id, error: describe(error) }),
    );
    parentPort!.postMessage(answer, "batch" in answer ? buffersOf(answer.batch) : []);
  });
});

/** They change threads instead of being copied. */
function buffersOf({ images, labels }: Batch): ArrayBuffer[] {
  return [images.data.buffer, labels.data.buffer].filter((buffer) => buffer instanceof ArrayBuffer);
}

function describe(error: unknown): { name: string; message: string; stack: string } {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), stack: "" };
  return { name: error.name, message: error.message, stack: error.stack ?? "" };
}
