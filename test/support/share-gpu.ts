// One device for all suites of a test file, so that each of its pipelines is compiled once.
import { afterAll, beforeAll } from "vitest";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openTestGpu } from "./gpu.ts";

let shared: Promise<Gpu> | undefined;
let isWatched = false;

/**
 * Called at the top of a file, outside of `describe`, while suites are declared; what it returns gives the device to their tests. It is opened before the first of them and
 * disposed of after the file's last test, which tells of buffers that are still alive.
 */
export function shareTestGpu(): () => Gpu {
  let gpu: Gpu | undefined;
  beforeAll(async () => {
    shared ??= openTestGpu();
    gpu = await shared;
  });
  if (!isWatched) afterAll(async () => (await shared)?.dispose());
  isWatched = true;
  return () => gpu!;
}
