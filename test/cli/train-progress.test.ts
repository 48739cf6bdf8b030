// What a training writes to a terminal, and elsewhere.
import { expect, test } from "vitest";
import { formatDuration, TrainProgress } from "../../src/cli/train-progress.ts";
import type { TrainRecord } from "../../src/train/index.ts";
import { buildLog } from "../train/report/history.ts";

/** Plays a log, a second for each record. */
function play(records: readonly TrainRecord[], isTTY: boolean): string {
  let written = "";
  let seconds = 0;
  const stream = {
    isTTY,
    columns: 200,
    write(text: string) {
      written += text;
      return true;
    },
  };
  const progress = new TrainProgress(stream, () => 1000 * seconds);
  for (const record of records) {
    progress.onEvent(record);
    seconds++;
  }
  progress.stop();
  return written;
}

const log = buildLog({ epochs: 3, stepsPerEpoch: 12 });

test("elsewhere: a line every ten seconds, and one for each validation", () => {
  const lines = play(log, false).trimEnd().split("\n");
  expect(lines[0]).toBe("training on llvmpipe (LLVM 19.1.7, 256 bits): Mesa 25.0.7");
  expect(lines.filter((line) => line.startsWith("step "))).toHaveLength(4);
  expect(lines[1]).toMatch(/^step 1\/36: epoch 1\/3, loss 1\.\d{3}, rate 0\.001, \d\.\d\d images\/s, 35 s left$/);
  expect(lines[2]).toMatch(/^step 11\/36: .* 25 s left$/);
  const validations = lines.filter((line) =>
    /^epoch \d: mean DSC 0\.\d{4} \(dural sac 0\.\d{4}, .* disc -\)/.test(line),
  );
  expect(validations).toHaveLength(3);
  expect(validations[0]).toMatch(/, loss 1\.\d{3}, the best so far$/);
});

test("on a terminal: a bar, and lines that stay above it", () => {
  const written = play(log, true);
  expect(written).toContain("training on llvmpipe");
  expect(written).toMatch(/█░* 1\/36 epoch 1\/3, loss 1/);
  expect(written).toContain("epoch 1: mean DSC");
  expect(written).toContain("epoch 3: mean DSC");
});

test("time left counts from where the training went on", () => {
  const resumed: TrainRecord[] = [
    { ...(log[0] as TrainRecord & { kind: "start" }), kind: "resume", step: 30 },
    ...log.filter((record) => record.kind === "step" && record.step > 30),
  ];
  const lines = play(resumed, false).split("\n");
  expect(lines[0]).toBe("going on after step 30, on llvmpipe (LLVM 19.1.7, 256 bits): Mesa 25.0.7");
  expect(lines[1]).toMatch(/^step 31\/36: .* 5 s left$/);
});

test("a loss that diverged shows", () => {
  const records = log.slice(0, 3).map((record) => (record.kind === "step" ? { ...record, loss: null } : record));
  expect(play(records, false)).toContain("loss NaN");
});

test.each([
  [0.4, "0 s"],
  [59.4, "59 s"],
  [59.6, "1:00 min"],
  [3599, "59:59 min"],
  [3600, "1:00 h"],
  [86_399, "23:59 h"],
  [90_000, "1 d 1 h"],
])("%d seconds: %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test("what the weights to start from lack is listed", () => {
  let written = "";
  const stream = {
    isTTY: false,
    write(text: string) {
      written += text;
      return true;
    },
  };
  const names = ["head.conv2.weight", "head.conv2.bias"];
  new TrainProgress(stream).onEvent({ kind: "random-weights", file: "start.safetensors", names });
  expect(written).toBe(
    "start.safetensors lacks 2 tensors, which begin at random:\n  head.conv2.weight\n  head.conv2.bias\n",
  );
});
