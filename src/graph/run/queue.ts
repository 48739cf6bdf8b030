// The order of the runs of one graph, and how many of them overlap.
import type { Gpu } from "../../gpu/gpu.ts";
import { Readback } from "./readback.ts";

/** Enough that upload, compute and read-back of neighbouring runs overlap. */
const runsInFlight = 3;

export class RunQueue {
  readonly #gpu: Gpu;
  readonly #readbacks: Readback[] = [];
  readonly #idle: Readback[] = [];
  readonly #running = new Set<Promise<unknown>>();
  #waiting: ((readback: Readback) => void) | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** Work starts in the order of the calls; `begun` tells when the next may start. */
  async inTurn<T>(work: (begun: () => void) => Promise<T>): Promise<T> {
    const before = this.#turn;
    let begun = () => {};
    this.#turn = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const result = before.then(() => work(begun)).finally(begun);
    this.#running.add(result);
    try {
      return await result;
    } finally {
      this.#running.delete(result);
    }
  }

  /** Lends the work buffers to read from, alone; where enough runs are in flight it waits until one of them has ended. */
  async withReadback<T>(work: (readback: Readback) => Promise<T>): Promise<T> {
    const readback = await this.#take();
    try {
      return await work(readback);
    } finally {
      this.#giveBack(readback);
    }
  }

  async #take(): Promise<Readback> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#readbacks.length < runsInFlight) {
      const readback = new Readback(this.#gpu);
      this.#readbacks.push(readback);
      return readback;
    }
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  #giveBack(readback: Readback): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(readback);
    else this.#idle.push(readback);
  }

  /** Frees the buffers, after the work that was asked for has ended. */
  async dispose(): Promise<void> {
    await Promise.allSettled(this.#running);
    for (const readback of this.#readbacks) readback.dispose();
  }
}
