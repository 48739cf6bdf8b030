// Decoded files within a budget of bytes: the least recently used make room before another one is read.
import type { Scan } from "./scan.ts";

export class ScanCache {
  readonly budgetBytes: number;
  /** Most bytes that were held at one time, the file being read included; above the budget only where one file is. */
  peakBytes = 0;
  /** Files that were read, again and again included. */
  loads = 0;
  #heldBytes = 0;
  /** In the order of their last use. */
  readonly #held = new Map<number, { readonly scan: Scan; readonly bytes: number }>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(budgetBytes: number) {
    this.budgetBytes = budgetBytes;
  }

  /** The scan under that key, read by `load` where it is not held. One at a time, or several would be in memory unseen. */
  get(key: number, bytes: number, load: () => Promise<Scan>): Promise<Scan> {
    const result = this.#queue.then(() => this.#take(key, bytes, load));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #take(key: number, bytes: number, load: () => Promise<Scan>): Promise<Scan> {
    const found = this.#held.get(key);
    if (found) {
      this.#held.delete(key);
      this.#held.set(key, found);
      return found.scan;
    }
    for (const [oldest, entry] of this.#held) {
      if (this.#heldBytes + bytes <= this.budgetBytes) break;
      this.#held.delete(oldest);
      this.#heldBytes -= entry.bytes;
    }
    this.peakBytes = Math.max(this.peakBytes, this.#heldBytes + bytes);
    this.loads++;
    const scan = await load();
    this.#held.set(key, { scan, bytes });
    this.#heldBytes += bytes;
    return scan;
  }
}
