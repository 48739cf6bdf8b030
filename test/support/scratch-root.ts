// One temporary folder for a whole run of the suite: what test files leave in it, skipped, failed or killed, goes with it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    readonly scratchRoot: string;
  }
}

export function setup(project: TestProject): () => void {
  const root = mkdtempSync(join(tmpdir(), "atrous-test-"));
  project.provide("scratchRoot", root);
  return () => rmSync(root, { recursive: true });
}
