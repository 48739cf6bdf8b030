// One run of the command line: where it writes, and the exit code it ends with.

import type { Gpu } from "../index.ts";
import { openGpu, printableLines } from "../node.ts";
import { type Progress, progressOn, type TextStream } from "./progress.ts";

/** Good, a check failed, bad usage or input. */
export type ExitCode = 0 | 1 | 2;

export interface Streams {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
}

/** Options that every command takes. */
export interface GlobalOptions {
  readonly adapter: string;
  readonly debug?: true;
}

export class Session {
  exitCode: ExitCode = 0;
  readonly streams: Streams;
  /** `performance.now()` at which the user started waiting. */
  readonly startedAt: number;

  constructor(streams: Streams, startedAt: number) {
    this.streams = streams;
    this.startedAt = startedAt;
  }

  /** A report for the user, on standard output; with `--json` only {@link printJson} writes there. */
  print(text: string): void {
    this.streams.stdout.write(`${printableLines(text)}\n`);
  }

  printJson(value: unknown): void {
    this.streams.stdout.write(`${printableLines(JSON.stringify(value, undefined, 2))}\n`);
  }

  /** What happens meanwhile, on standard error. */
  note(text: string): void {
    this.streams.stderr.write(`${printableLines(text)}\n`);
  }

  progress(label: string): Progress {
    return progressOn(this.streams.stderr, label);
  }

  /** Opens the adapter that the user asked for, runs `work` and closes it, whatever happens. */
  async withGpu<T>({ adapter, debug }: GlobalOptions, work: (gpu: Gpu) => Promise<T>): Promise<T> {
    const gpu = await openGpu({ adapter, debug: debug ?? false });
    try {
      return await work(gpu);
    } finally {
      await gpu.dispose();
    }
  }
}
