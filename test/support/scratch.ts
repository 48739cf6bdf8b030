// Folders that a test file may write to, all gone when it has ended.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, inject } from "vitest";

const made: string[] = [];

// The first hook of the file, so the last to run: what tests hold open is closed by then. A killed browser may write on for a moment.
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

/** A new folder, made anywhere: in a test, in a hook, beside them. */
export function scratchFolder(parent = inject("scratchRoot")): string {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "scratch-"));
  made.push(folder);
  return folder;
}
