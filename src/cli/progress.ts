// Long work: a bar on a terminal, now and then a plain line elsewhere.
import cliProgress from "cli-progress";

/** A stream that text is written to; a terminal says so. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** Characters in a line of a terminal. */
  readonly columns?: number | undefined;
}

export interface Progress {
  /** Arrow function, so that it can be passed on as a callback. */
  readonly update: (done: number, total: number) => void;
  /** Ends the bar's line. Call it also when the work failed. */
  stop(): void;
}

const quietMs = 2000;

export function progressOn(stream: TextStream, label: string): Progress {
  return stream.isTTY ? bar(stream, label) : lines(stream, label);
}

function bar(stream: TextStream, label: string): Progress {
  const format = `${label.padEnd(18)} {bar} {value}/{total}`;
  const options = {
    stream: stream as NodeJS.WritableStream,
    format,
    barsize: 30,
    clearOnComplete: true,
    hideCursor: false,
  };
  const shown = new cliProgress.SingleBar(options, cliProgress.Presets.shades_classic);
  let started = false;
  return {
    update(done, total) {
      if (!started) shown.start(total, done);
      started = true;
      shown.setTotal(total);
      shown.update(done);
    },
    stop() {
      if (started) shown.stop();
    },
  };
}

/** Nothing for work that is soon done. */
function lines(stream: TextStream, label: string): Progress {
  let last = performance.now();
  return {
    update(done, total) {
      const now = performance.now();
      if (now - last < quietMs) return;
      last = now;
      stream.write(`${label}: ${done} of ${total}\n`);
    },
    stop() {},
  };
}
