// Batches, prepared ahead of the training step that takes them.
import { UsageError } from "../../errors.ts";
import { type Batch, type BatchRequest, prepareBatch } from "./batch.ts";
import type { Dataset } from "./dataset.ts";
import { shuffledOrder } from "./order.ts";
import { openThreads } from "./threads.ts";

export interface LoaderOptions {
  /** Samples in a batch. */
  readonly batch: number;
  readonly seed: number;
  /** Of the network's image; the grey value is repeated. */
  readonly channels: number;
  /** Threads that prepare batches; 0 prepares them on this one, between the caller's steps. */
  readonly workers: number;
  /** Shuffled and augmented; else in order, as at inference. Default true. */
  readonly training?: boolean;
  /** What becomes of samples that fill no batch: dropped, a smaller batch, or rows that count nowhere. Default "drop". */
  readonly last?: "drop" | "keep" | "fill";
}

/** Where batches are made. */
export interface Preparer {
  /** Batches that it is asked for before they are needed. */
  readonly ahead: number;
  prepare(request: BatchRequest): Promise<Batch>;
  dispose(): Promise<void>;
}

interface Pending {
  readonly epoch: number;
  readonly number: number;
  readonly batch: Promise<Batch>;
}

export class BatchLoader {
  readonly batchesPerEpoch: number;
  /** Time in which a caller asked for a batch that was not ready, since the loader was made. */
  waitedMs = 0;
  readonly #dataset: Dataset;
  readonly #options: Required<LoaderOptions>;
  #preparer: Preparer | undefined;
  /** Asked for ahead, in the order of their use. */
  #pending: Pending[] = [];
  #order: { readonly epoch: number; readonly indices: readonly number[] } | undefined;
  #isDisposed = false;

  /** Throws UsageError for options out of range, a dataset of no batch, or one that threads cannot open. */
  constructor(dataset: Dataset, options: LoaderOptions) {
    this.#dataset = dataset;
    this.#options = { training: true, last: "drop", ...options };
    requireWhole("batch", options.batch, 1, 4096);
    requireWhole("channels", options.channels, 1, 4096);
    requireWhole("workers", options.workers, 0, 64);
    requireWhole("seed", options.seed, 0, 2 ** 32 - 1);
    const batches = dataset.size / options.batch;
    this.batchesPerEpoch = this.#options.last === "drop" ? Math.floor(batches) : Math.ceil(batches);
    if (this.batchesPerEpoch === 0 && dataset.size > 0) {
      throw new UsageError(`loader: got ${dataset.size} samples, expected at least a batch of ${options.batch}`);
    }
    if (options.workers > 0 && dataset.recipe === undefined) {
      throw new UsageError(`loader: got ${options.workers} workers for a dataset that threads cannot open, expected 0`);
    }
  }

  /**
   * Batches of one epoch, from batch `from` on, in an order that (seed, epoch) alone decides. Some are prepared ahead,
   * those of the next epoch too. Throws what the dataset throws, UsageError after `dispose`.
   */
  async *epoch(epoch: number, from = 0): AsyncGenerator<Batch, void, undefined> {
    requireWhole("epoch", epoch, 0, 2 ** 32 - 1);
    requireWhole("from", from, 0, this.batchesPerEpoch);
    for (let number = from; number < this.batchesPerEpoch; number++) {
      const began = performance.now();
      const batch = await this.#take(epoch, number);
      this.waitedMs += performance.now() - began;
      yield batch;
    }
  }

  /** Ends the threads. Batches that were prepared ahead are dropped. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    this.#pending = [];
    await this.#preparer?.dispose();
  }

  #take(epoch: number, number: number): Promise<Batch> {
    if (this.#isDisposed) throw new UsageError("loader: used after dispose");
    this.#preparer ??= this.#openPreparer();
    const next = this.#pending.shift();
    const isNext = next?.epoch === epoch && next.number === number;
    // Another epoch or another place than was foreseen.
    if (!isNext) this.#pending = [];
    const batch = isNext ? next.batch : this.#ask(this.#preparer, epoch, number);
    this.#askAhead(this.#preparer, epoch, number);
    return batch;
  }

  #askAhead(preparer: Preparer, epoch: number, number: number): void {
    let last = this.#pending.at(-1) ?? { epoch, number };
    while (this.#pending.length < preparer.ahead) {
      const isEnd = last.number + 1 === this.batchesPerEpoch;
      if (isEnd && !this.#options.training) return;
      const next = isEnd ? { epoch: last.epoch + 1, number: 0 } : { epoch: last.epoch, number: last.number + 1 };
      this.#pending.push({ ...next, batch: this.#ask(preparer, next.epoch, next.number) });
      last = next;
    }
  }

  #ask(preparer: Preparer, epoch: number, number: number): Promise<Batch> {
    const { batch, channels, training, seed, last } = this.#options;
    const indices = this.#orderOf(epoch).slice(number * batch, (number + 1) * batch);
    const rows = last === "fill" ? batch : indices.length;
    const result = preparer.prepare({ indices, rows, channels, draw: training ? { seed, epoch } : undefined });
    // Its error belongs to whoever takes it, if anybody does.
    result.catch(() => undefined);
    return result;
  }

  #orderOf(epoch: number): readonly number[] {
    const { training, seed } = this.#options;
    if (this.#order?.epoch !== epoch) {
      const inOrder = () => Array.from({ length: this.#dataset.size }, (_, index) => index);
      this.#order = { epoch, indices: training ? shuffledOrder(this.#dataset, { seed, epoch }) : inOrder() };
    }
    return this.#order.indices;
  }

  #openPreparer(): Preparer {
    const { workers } = this.#options;
    const { recipe } = this.#dataset;
    return workers > 0 && recipe ? openThreads(recipe, workers) : inTurn(this.#dataset);
  }
}

/** On this thread, one batch after the other. */
function inTurn(dataset: Dataset): Preparer {
  let queue: Promise<unknown> = Promise.resolve();
  return {
    ahead: 2,
    prepare(request) {
      const result = queue.then(() => prepareBatch(dataset, request));
      queue = result.catch(() => undefined);
      return result;
    },
    dispose: async () => undefined,
  };
}

function requireWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new UsageError(`loader: ${name} is ${value}, expected a whole number from ${least} to ${most}`);
}
