// The log: what a killed process leaves, and where a resumed one goes on.
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FormatError, UsageError } from "../../../src/errors.ts";
import type { StepRecord, TrainRecord } from "../../../src/train/loop/record.ts";
import { createLog, readLog, resumeLog } from "../../../src/train/node/log.ts";
import { scratchFolder } from "../../support/scratch.ts";

const folder = scratchFolder();
let files = 0;
const newPath = () => join(folder, `${files++}.jsonl`);

const stepRecord = (step: number): StepRecord => ({
  kind: "step",
  step,
  epoch: Math.floor(step / 10),
  loss: 1 / step,
  rate: 1e-3,
  samplesPerSecond: 12.5,
  waitedMs: 0.25,
});

const others: TrainRecord[] = [
  {
    kind: "start",
    step: 0,
    epoch: 0,
    adapter: "llvmpipe",
    driver: 'Mesa "25" (software)\n',
    adapterKind: "software",
    date: "2026-11-22T02:00:00.000Z",
    version: "0.1.0",
    steps: 20,
    stepsPerEpoch: 10,
  },
  {
    kind: "validation",
    step: 10,
    epoch: 0,
    loss: 0.5,
    mean: 0.8,
    best: true,
    classes: [{ name: "disc", dsc: 0.8, iou: 0.7, precision: null, recall: 0.9 }],
  },
  { kind: "stop", step: 20, epoch: 2, date: "2026-11-22T03:00:00.000Z", reason: "finished" },
];

async function writeLog(path: string, records: readonly TrainRecord[]): Promise<void> {
  const log = await createLog(path);
  for (const record of records) log.append(record);
  log.close();
}

test("records come back as they were", async () => {
  const path = newPath();
  await writeLog(path, [others[0]!, stepRecord(1), { ...stepRecord(2), gradNorm: 3.5 }, others[1]!, others[2]!]);
  expect(await readLog(path)).toEqual([
    others[0],
    stepRecord(1),
    { ...stepRecord(2), gradNorm: 3.5 },
    others[1],
    others[2],
  ]);
  expect(readFileSync(path, "utf8").split("\n")).toHaveLength(6);
});

test("a loss that diverged is null", async () => {
  const path = newPath();
  await writeLog(path, [{ ...stepRecord(1), loss: Number.NaN, gradNorm: Number.POSITIVE_INFINITY }]);
  expect(await readLog(path)).toEqual([{ ...stepRecord(1), loss: null, gradNorm: null }]);
});

test("a new log replaces the old one", async () => {
  const path = newPath();
  await writeLog(path, [stepRecord(1), stepRecord(2)]);
  await writeLog(path, [stepRecord(3)]);
  expect(await readLog(path)).toEqual([stepRecord(3)]);
});

test("a log that was torn anywhere in its last record is read to the one before", async () => {
  const path = newPath();
  await writeLog(path, [stepRecord(1), stepRecord(2)]);
  const whole = readFileSync(path);
  const first = whole.indexOf("\n") + 1;
  for (let length = first; length < whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    expect(await readLog(path)).toEqual([stepRecord(1)]);
    const log = await resumeLog(path, 2);
    log.append(stepRecord(2));
    log.close();
    expect(readFileSync(path)).toEqual(whole);
  }
});

test("what came after the checkpoint's step is cut off, its own validation is not", async () => {
  const path = newPath();
  const before = [others[0]!, stepRecord(9), stepRecord(10), others[1]!];
  await writeLog(path, [...before, stepRecord(11), { ...others[1]!, step: 12 }]);
  appendFileSync(path, '{"kind":"st');
  const log = await resumeLog(path, 10);
  log.append({ ...others[0]!, kind: "resume", step: 10 } as TrainRecord);
  log.close();
  expect(await readLog(path)).toEqual([...before, { ...others[0], kind: "resume", step: 10 }]);
});

test("nothing is cut off where all of it is before the step, everything where none is", async () => {
  const path = newPath();
  await writeLog(path, [stepRecord(1), stepRecord(2)]);
  (await resumeLog(path, 2)).close();
  expect(await readLog(path)).toHaveLength(2);
  (await resumeLog(path, 0)).close();
  expect(await readLog(path)).toEqual([]);
});

test("damage before the last line is an error that names it", async () => {
  const path = newPath();
  await writeLog(path, [stepRecord(1), stepRecord(2), stepRecord(3)]);
  for (const damage of ["{}", "", '{"kind":"step","step":-1}', "\0\0"]) {
    const lines = readFileSync(path, "utf8").split("\n");
    lines[1] = damage;
    writeFileSync(`${path}.damaged`, lines.join("\n"));
    await expect(readLog(`${path}.damaged`)).rejects.toThrow(
      new FormatError(`${path}.damaged: line 2 is no record of a training`),
    );
  }
});

test("paths that cannot be used are named", async () => {
  const missing = join(folder, "none", "log.jsonl");
  await expect(readLog(missing)).rejects.toThrow(new FormatError(`${missing}: no such file`));
  await expect(createLog(missing)).rejects.toThrow(new UsageError(`${missing}: cannot be written, got ENOENT`));
});
