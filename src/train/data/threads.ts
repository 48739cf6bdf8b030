// Threads that prepare batches. Node's modules are asked of the process that runs, not imported, so that bundles for the
// browser name none.
import type { Worker } from "node:worker_threads";
import { AtrousError, FormatError, ShapeError, UsageError } from "../../errors.ts";
import type { Batch, BatchRequest } from "./batch.ts";
import type { DatasetRecipe } from "./file-dataset.ts";
import type { Preparer } from "./loader.ts";

/** What a thread is asked. */
export interface ThreadRequest {
  readonly id: number;
  readonly request: BatchRequest;
}

/** What it answers; errors as plain data, since threads do not share classes. */
export type ThreadAnswer =
  | { readonly id: number; readonly batch: Batch }
  | {
      readonly id: number;
      readonly error: { readonly name: string; readonly message: string; readonly stack: string };
    };

/** The bundle of `data-worker.ts`, beside the bundle of this file. */
const entry = "data-worker.js";

/** One that is being made, and three that cover for a slow one, such as the first of a volume. */
const aheadPerThread = 4;

interface Waiting {
  readonly resolve: (batch: Batch) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
  /** Why it takes no more requests. */
  failure?: Error;
}

/** Starts threads that each open the dataset. Throws UsageError where there are no threads, or this is not a bundle. */
export function openThreads(recipe: DatasetRecipe, count: number): Preparer {
  const threads = Array.from({ length: count }, () => startThread(recipe));
  let lastId = 0;
  return {
    ahead: aheadPerThread * count,
    prepare(request) {
      const thread = threads.reduce((least, other) => (other.waiting.size < least.waiting.size ? other : least));
      return new Promise<Batch>((resolve, reject) => {
        if (thread.failure) return reject(thread.failure);
        const id = ++lastId;
        thread.waiting.set(id, { resolve, reject });
        thread.worker.postMessage({ id, request } satisfies ThreadRequest);
      });
    },
    async dispose() {
      for (const thread of threads) fail(thread, new UsageError("loader: disposed"));
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
    },
  };
}

function startThread(recipe: DatasetRecipe): Thread {
  if (typeof globalThis.process?.getBuiltinModule !== "function") {
    throw new UsageError("loader: there are no threads here, expected 0 workers");
  }
  const { existsSync } = process.getBuiltinModule("node:fs");
  const url = new URL(`./${entry}`, import.meta.url);
  if (!existsSync(url)) throw new UsageError(`loader: ${entry} is not beside ${import.meta.url}, expected 0 workers`);
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const thread: Thread = { worker: new Worker(url, { workerData: recipe }), waiting: new Map() };
  thread.worker.on("message", (answer: ThreadAnswer) => {
    const waiting = thread.waiting.get(answer.id);
    thread.waiting.delete(answer.id);
    if ("batch" in answer) waiting?.resolve(answer.batch);
    else waiting?.reject(rebuildError(answer.error));
  });
  const stopped = (reason: string) => fail(thread, new AtrousError(`loader: a thread stopped, got ${reason}`));
  thread.worker.on("error", (error) => stopped(error.message));
  thread.worker.on("exit", (code) => stopped(`exit code ${code}`));
  return thread;
}

/** The first reason stands. */
function fail(thread: Thread, error: Error): void {
  thread.failure ??= error;
  for (const { reject } of thread.waiting.values()) reject(thread.failure);
  thread.waiting.clear();
}

const errorTypes = { AtrousError, FormatError, ShapeError, UsageError };

function rebuildError({ name, message, stack }: { name: string; message: string; stack: string }): Error {
  const Type = Object.entries(errorTypes).find(([known]) => known === name)?.[1] ?? Error;
  return Object.assign(new Type(message), { stack });
}
