// The order of the runs of one graph, and how many of them overlap.
import type { Gpu } from "../../gpu/gpu.ts";
import { Readback } from "./readback.ts";

/** Enough that upload, compute and read-back of neighbouring runs overlap. */
const runsInFlight = 3;

/** One run's time to work. */
export interface Turn {
  /** Buffers to read from, for this run alone. */
  readonly readback: Readback;
  /** Lets the next run begin. */
  readonly begun: () => void;
  /** Must be called, however the run ended. */
  readonly end: () => void;
}

export class RunQueue {
  readonly #idle: Readback[];
  #waiting: ((readback: Readback) => void) | undefined;
  /** When the run that was asked for last has begun. */
  #last: Promise<void> = Promise.resolve();
  /** Runs that were asked for and have not begun. */
  #waitingRuns = 0;

  constructor(gpu: Gpu) {
    this.#idle = Array.from({ length: runsInFlight }, () => new Readback(gpu));
  }

  /** A turn without a wait; undefined where runs that were asked for before have to begin first. */
  turnNow(): Turn | undefined {
    const readback = this.#waitingRuns === 0 ? this.#idle.pop() : undefined;
    return readback && this.#turn(readback, this.#ask().begun);
  }

  /** In the order of the calls, when the run before has begun and fewer than three are in flight. */
  async turn(): Promise<Turn> {
    const { before, begun } = this.#ask();
    await before;
    const readback = this.#idle.pop() ?? (await new Promise<Readback>((resolve) => (this.#waiting = resolve)));
    return this.#turn(readback, begun);
  }

  #ask(): { readonly before: Promise<void>; readonly begun: () => void } {
    const before = this.#last;
    let resolveBegun = () => {};
    this.#last = new Promise((resolve) => {
      resolveBegun = resolve;
    });
    this.#waitingRuns++;
    let hasBegun = false;
    const begun = () => {
      if (!hasBegun) this.#waitingRuns--;
      hasBegun = true;
      resolveBegun();
    };
    return { before, begun };
  }

  #turn(readback: Readback, begun: () => void): Turn {
    const end = () => {
      begun();
      this.#giveBack(readback);
    };
    return { readback, begun, end };
  }

  #giveBack(readback: Readback): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(readback);
    else this.#idle.push(readback);
  }

  /** Frees the buffers, after the runs that were asked for have ended: when it has the turns of all that may be in flight. */
  async dispose(): Promise<void> {
    for (let i = 0; i < runsInFlight; i++) {
      const { readback, begun } = await this.turn();
      begun();
      readback.dispose();
    }
  }
}
