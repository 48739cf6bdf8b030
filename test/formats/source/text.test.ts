// Texts are read from regular files of a bounded size; whatever else stands in their place is named, and nothing waits for it.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../../../src/errors.ts";
import { readBounded, readText } from "../../../src/formats/source/text.ts";
import { lockFolder } from "../../../src/train/node/lock.ts";
import { createLog, readLog } from "../../../src/train/node/log.ts";
import { readTrainConfig } from "../../../src/train/node/read-config.ts";

const folder = mkdtempSync(join(tmpdir(), "atrous-text-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pipe = join(folder, "pipe.json");
execFileSync("mkfifo", [pipe, join(folder, "training.lock")]);

describe.each([
  ["a text", readText],
  ["a configuration", readTrainConfig],
  ["a log", readLog],
])("%s", (_, read) => {
  test.each([
    ["a pipe", pipe, "is a pipe or a device, expected a regular file"],
    ["a device without an end", "/dev/zero", "is a pipe or a device, expected a regular file"],
    ["a folder", folder, "is a folder, expected a file"],
    ["nothing", join(folder, "none.json"), "no such file"],
  ])("is refused where there is %s", async (_, path, message) => {
    await expect(read(path)).rejects.toThrow(new FormatError(`${path}: ${message}`));
  });
});

test("a text that is too large is not read", async () => {
  const path = join(folder, "large.json");
  writeFileSync(path, "{}");
  expect(await readText(path)).toBe("{}");
  await expect(readBounded(path, 1)).rejects.toThrow("large.json: is too large, got 2 bytes, expected at most 1");
  truncateSync(path, 2 ** 40);
  await expect(readTrainConfig(path)).rejects.toThrow("large.json: is too large, got 1099511627776 bytes");
});

test("a log or a lock in whose place a pipe stands is refused", async () => {
  await expect(createLog(pipe)).rejects.toThrow(
    new UsageError(`${pipe}: is no regular file, expected a log or nothing`),
  );
  expect(() => lockFolder(folder)).toThrow("training.lock: is no lock of a training");
  const other = join(folder, "other");
  mkdirSync(join(other, "training.lock"), { recursive: true });
  expect(() => lockFolder(other)).toThrow("training.lock: is no lock of a training");
});
