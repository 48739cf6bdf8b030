// The lock of a training's folder: who is refused, and whose is taken over.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { lockFolder } from "../../../src/train/node/lock.ts";
import { scratchFolder } from "../../support/scratch.ts";

const since = "2026-01-02T03:04:05.000Z";

/** A folder with a lock that somebody left. */
function left(text: string): { folder: string; path: string } {
  const folder = scratchFolder();
  const path = join(folder, "training.lock");
  writeFileSync(path, text);
  return { folder, path };
}

test("a second one is refused until the first lets go, in one process too", () => {
  const folder = scratchFolder();
  const lock = lockFolder(folder);
  const { since } = JSON.parse(readFileSync(join(folder, "training.lock"), "utf8"));
  expect(() => lockFolder(folder)).toThrow(
    new UsageError(`${folder}: process ${process.pid} on ${hostname()} trains here since ${since}`),
  );
  lock.release();
  expect(existsSync(join(folder, "training.lock"))).toBe(false);
  lockFolder(folder).release();
});

test("that of another machine is believed, and the message says what to remove", () => {
  const { folder, path } = left(JSON.stringify({ pid: 1, host: "elsewhere", since, began: null }));
  expect(() => lockFolder(folder)).toThrow(
    new UsageError(`${folder}: process 1 on elsewhere trains here since ${since}; if that has ended, remove ${path}`),
  );
});

test.each([
  ["a dead process", JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), since, began: null })],
  ["a process whose number another one has", JSON.stringify({ pid: process.pid, host: hostname(), since, began: "1" })],
  ["a write that was torn", '{"pid":'],
  ["nobody", ""],
])("that of %s is taken over, and what it left is gone", (_, text) => {
  const { folder, path } = left(text);
  const lock = lockFolder(folder);
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
  lock.release();
  expect(existsSync(path)).toBe(false);
});

test("whoever lost a folder does not let go of it for the next", () => {
  const folder = scratchFolder();
  const lock = lockFolder(folder);
  const path = join(folder, "training.lock");
  const other = JSON.stringify({ pid: 1, host: "elsewhere", since, began: null });
  writeFileSync(path, other);
  lock.release();
  expect(readFileSync(path, "utf8")).toBe(other);
});

test("a folder that is not there is said", () => {
  const folder = join(scratchFolder(), "none");
  expect(() => lockFolder(folder)).toThrow(new UsageError(`${folder}/training.lock: cannot be written, got ENOENT`));
});
