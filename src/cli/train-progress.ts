// How a training is going: a bar on a terminal, now and then a plain line elsewhere.
import cliProgress from "cli-progress";
import { printable } from "../node.ts";
import type { StartRecord, StepRecord, TrainEvent, ValidationRecord } from "../train/index.ts";
import type { TextStream } from "./progress.ts";

/** Shown on terminals by a bar, elsewhere by lines. */
interface Display {
  /** The state after a step, or within a validation. */
  show(step: number, steps: number, text: string): void;
  /** A line that stays. */
  print(line: string): void;
  stop(): void;
}

/** Steps whose losses are averaged for the reader. */
const averaged = 20;

export class TrainProgress {
  readonly #display: Display;
  readonly #now: () => number;
  #steps = 0;
  #stepsPerEpoch = 1;
  #losses: (number | null)[] = [];
  #begun: { readonly step: number; readonly at: number } | undefined;
  #last = { step: 0, text: "" };

  /** `now` gives milliseconds. */
  constructor(stream: TextStream, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#display = stream.isTTY ? new Bar(stream) : new Lines(stream, now);
  }

  /** Arrow function, so that it can be passed on as a callback. */
  readonly onEvent = (event: TrainEvent): void => {
    switch (event.kind) {
      case "start":
      case "resume":
        this.#begin(event);
        break;
      case "step":
        this.#step(event);
        break;
      case "validating":
        this.#show(`validating ${event.done}/${event.total}`);
        break;
      case "validation":
        this.#display.print(`epoch ${event.epoch + 1}: ${describeValidation(event)}`);
        break;
      case "random-weights":
        this.#display.print(`${event.file} lacks ${event.names.length} tensors, which begin at random:`);
        for (const name of event.names) this.#display.print(`  ${name}`);
        break;
      case "device-lost":
        this.#display.print(`${event.message}; going back to the last checkpoint`);
        break;
      case "checkpoint":
        break;
      case "stop":
        this.stop();
        break;
      default:
        event satisfies never;
    }
  };

  /** Ends the bar's line. Call it also when the work failed. */
  stop(): void {
    this.#display.stop();
  }

  #begin({ kind, step, steps, stepsPerEpoch, driver, plannedBytes }: StartRecord): void {
    this.#steps = steps;
    this.#stepsPerEpoch = stepsPerEpoch;
    this.#begun = { step, at: this.#now() };
    const memory = plannedBytes ? `, ${(plannedBytes / 1e6).toPrecision(3)} MB planned between the layers` : "";
    this.#display.print(`${kind === "start" ? "training" : `going on after step ${step},`} on ${driver}${memory}`);
  }

  #step({ step, epoch, loss, rate, samplesPerSecond }: StepRecord): void {
    this.#losses = [...this.#losses, loss].slice(-averaged);
    const parts = [
      `epoch ${epoch + 1}/${Math.ceil(this.#steps / this.#stepsPerEpoch)}`,
      `loss ${meanLoss(this.#losses)}`,
      `rate ${Number(rate.toPrecision(3))}`,
      `${samplesPerSecond.toPrecision(3)} images/s`,
      `${formatDuration(this.#secondsLeft(step))} left`,
    ];
    this.#last = { step, text: parts.join(", ") };
    this.#show();
  }

  #show(addition = ""): void {
    const { step, text } = this.#last;
    this.#display.show(step, this.#steps, addition === "" ? text : `${text}, ${addition}`);
  }

  /** By the time that all took since the start, validations included. */
  #secondsLeft(step: number): number {
    const { step: first, at } = this.#begun ?? { step: 0, at: this.#now() };
    return ((this.#now() - at) / 1000 / Math.max(1, step - first)) * (this.#steps - step);
  }
}

function meanLoss(losses: readonly (number | null)[]): string {
  const known = losses.filter((loss) => loss !== null);
  if (known.length < losses.length) return "NaN";
  return (known.reduce((sum, loss) => sum + loss, 0) / known.length).toPrecision(4);
}

function describeValidation({ mean, loss, classes, best }: ValidationRecord): string {
  const metric = (value: number | null) => (value === null ? "-" : value.toFixed(4));
  const each = classes.slice(1).map(({ name, dsc }) => `${name} ${metric(dsc)}`);
  const lossText = loss === null ? "" : `, loss ${loss.toPrecision(4)}`;
  return `mean DSC ${metric(mean)} (${each.join(", ")})${lossText}${best ? ", the best so far" : ""}`;
}

/** `45 s`, `12:30 min`, `3:05 h`, `2 d 3 h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => `${Math.floor(value)}`.padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}:${two((whole % 3600) / 60)} h`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

class Bar implements Display {
  readonly #bar: cliProgress.SingleBar;
  readonly #stream: TextStream;
  #shown: { readonly step: number; readonly steps: number; readonly text: string } | undefined;

  constructor(stream: TextStream) {
    const options = {
      stream: stream as NodeJS.WritableStream,
      format: "{bar} {value}/{total} {text}",
      barsize: 20,
      clearOnComplete: true,
      hideCursor: false,
      fps: 5,
    };
    this.#stream = stream;
    this.#bar = new cliProgress.SingleBar(options, cliProgress.Presets.shades_classic);
  }

  show(step: number, steps: number, text: string): void {
    if (this.#shown) this.#bar.update(step, { text });
    else this.#bar.start(steps, step, { text });
    this.#shown = { step, steps, text };
  }

  print(line: string): void {
    const shown = this.#shown;
    this.stop();
    this.#stream.write(`${printable(line)}\n`);
    if (shown) this.show(shown.step, shown.steps, shown.text);
  }

  stop(): void {
    if (this.#shown) this.#bar.stop();
    this.#shown = undefined;
  }
}

const quietMs = 10_000;

class Lines implements Display {
  readonly #stream: TextStream;
  readonly #now: () => number;
  #last = Number.NEGATIVE_INFINITY;

  constructor(stream: TextStream, now: () => number) {
    this.#stream = stream;
    this.#now = now;
  }

  show(step: number, steps: number, text: string): void {
    if (this.#now() - this.#last < quietMs) return;
    this.#last = this.#now();
    this.print(`step ${step}/${steps}: ${text}`);
  }

  print(line: string): void {
    this.#stream.write(`${printable(line)}\n`);
  }

  stop(): void {}
}
