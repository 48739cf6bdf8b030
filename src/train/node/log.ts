// The log of a training: JSON Lines, one record a line, in the order in which things happened.
// A process that is killed leaves at most a torn last line, which readers pass over and the next writer cuts off.
import { closeSync, openSync, writeSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { FormatError, UsageError } from "../../errors.ts";
import { readBounded } from "../../formats/source/text.ts";
import { recordSchema, type TrainRecord } from "../loop/record.ts";

/** Appends records; each is with the operating system when `append` returns. */
export class LogWriter {
  readonly path: string;
  readonly #file: number;

  /** Use {@link createLog} or {@link resumeLog}. */
  constructor(path: string) {
    this.path = path;
    this.#file = attempt(path, () => openSync(path, "a"));
  }

  append(record: TrainRecord): void {
    const line = new TextEncoder().encode(`${JSON.stringify(record)}\n`);
    let done = 0;
    attempt(this.path, () => {
      while (done < line.byteLength) done += writeSync(this.#file, line, done);
    });
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Starts an empty log; one that is there is replaced. Throws UsageError where it cannot be written. */
export async function createLog(path: string): Promise<LogWriter> {
  await truncate(path, 0);
  return new LogWriter(path);
}

/**
 * Goes on with a log after a checkpoint: what was recorded after its step is cut off, since it happens again.
 * Throws UsageError where it cannot be written, FormatError where it is damaged before that.
 */
export async function resumeLog(path: string, step: number): Promise<LogWriter> {
  const lines = await readLines(path);
  const firstLater = lines.find(({ record }) => record.step > step);
  const end = firstLater?.start ?? lines.at(-1)?.end ?? 0;
  await truncate(path, end);
  return new LogWriter(path);
}

/**
 * Reads a log. A torn last line is left out.
 * Throws FormatError that names the line for a damaged one before it, and for a file that cannot be read.
 */
export async function readLog(path: string): Promise<TrainRecord[]> {
  const lines = await readLines(path);
  return lines.map(({ record }) => record);
}

interface Line {
  readonly record: TrainRecord;
  /** First byte of the line, and the one after its line break. */
  readonly start: number;
  readonly end: number;
}

const lineBreak = 0x0a;

/** Some millions of steps. */
const mostLogBytes = 1024 ** 3;

async function readLines(path: string): Promise<Line[]> {
  const bytes = await readBounded(path, mostLogBytes);
  const lines: Line[] = [];
  let start = 0;
  for (let end = bytes.indexOf(lineBreak); end !== -1; end = bytes.indexOf(lineBreak, start)) {
    const record = parseRecord(bytes.subarray(start, end));
    // A power cut can leave the last block of a file as zeros, line break or not.
    const isLast = bytes.indexOf(lineBreak, end + 1) === -1;
    if (record) lines.push({ record, start, end: end + 1 });
    else if (!isLast) throw new FormatError(`${path}: line ${lines.length + 1} is no record of a training`);
    start = end + 1;
  }
  return lines;
}

function parseRecord(line: Uint8Array): TrainRecord | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(new TextDecoder().decode(line))).data;
  } catch {
    return undefined;
  }
}

async function truncate(path: string, length: number): Promise<void> {
  // To open a pipe is to wait for somebody to read it.
  const status = await stat(path).catch(() => undefined);
  if (status && !status.isFile()) throw new UsageError(`${path}: is no regular file, expected a log or nothing`);
  try {
    const file = await open(path, length === 0 ? "w" : "r+");
    try {
      await file.truncate(length);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): UsageError {
  const code = error instanceof Error && "code" in error ? error.code : error;
  return new UsageError(`${path}: cannot be written, got ${code}`);
}
