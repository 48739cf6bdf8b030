// The peaks of the test's adapter, and that what they are measured on is checked. How high they are is not asked here.
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  copyLoad,
  copyPattern,
  createCopyBuffers,
  dispatchLoad,
  fmaLoad,
  type Load,
  verifyWords,
} from "../../bench/peak-loads.ts";
import { measurePeaks } from "../../bench/peaks.ts";
import { Stopwatch } from "../../bench/stopwatch.ts";
import { Gpu } from "../../src/gpu/gpu.ts";
import { openTestGpu, withoutFeature } from "../support/gpu.ts";

let gpu: Gpu;
let watch: Stopwatch;
beforeAll(async () => {
  gpu = await openTestGpu();
  watch = new Stopwatch(gpu);
});
afterAll(async () => {
  watch.dispose();
  await gpu.dispose();
});

/** What verification says before and after a pass. */
async function verdicts(load: Load): Promise<string[]> {
  const verdict = () =>
    load.verify().then(
      () => "passed",
      (error: Error) => error.message,
    );
  const before = await verdict();
  expect(await watch.time(load.label, load.dispatches)).toBeGreaterThan(0);
  const after = await verdict();
  load.dispose();
  return [before, after];
}

test("every peak is a positive number, and nothing stays allocated", { timeout: 180_000 }, async () => {
  const before = gpu.allocated.buffers;
  const { fmaF16Gflops, ...peaks } = await measurePeaks(gpu);
  expect(Object.keys(peaks).sort()).toEqual(["copyGBs", "dispatchUs", "fmaF32Gflops"]);
  for (const [name, value] of Object.entries(peaks)) {
    expect(value, name).toBeGreaterThan(0);
    expect(value, name).toBeLessThan(1e7);
  }
  if (gpu.features.has("shader-f16")) expect(fmaF16Gflops).toBeGreaterThan(0);
  else expect(fmaF16Gflops).toBeNull();
  expect(gpu.allocated.buffers).toBe(before);
});

for (const precision of ["f32", "f16"] as const) {
  for (const [width, chains] of [
    [1, 8],
    [4, 2],
    [4, 4],
  ] as const) {
    test(`multiply-adds in ${precision}, ${chains} chains of ${width}, are exact`, async ({ skip }) => {
      if (precision === "f16" && !gpu.features.has("shader-f16")) skip("no shader-f16");
      const load = await fmaLoad(gpu, { precision, width, chains, workgroup: 64 }, { invocations: 256, rounds: 3 });
      expect(load.work).toBe(2 * 1024 * width * chains * 3 * 256);
      // By hand for invocation 0: lanes start at 1 + 0..lanes-1 + round, and count to 1024 more, in rounds 0, 1 and 2.
      const lanes = width * chains;
      const sum = 3 * lanes * 1025 + (3 * (lanes * (lanes - 1))) / 2 + lanes * (0 + 1 + 2);
      expect(await verdicts(load)).toEqual([`${load.label}: word 0 is 0, expected ${sum}`, "passed"]);
    });
  }
}

for (const [width, perInvocation] of [
  [4, 1],
  [4, 8],
  [1, 4],
] as const) {
  test(`copies, ${perInvocation} of ${width} words per invocation, move every word`, async () => {
    // Two chunks of what is read back at a time.
    const buffers = createCopyBuffers(gpu, 2 ** 25);
    const load = await copyLoad(gpu, { width, perInvocation, workgroup: 64 }, buffers, 2);
    expect(load.work).toBe(2 * 2 * 2 ** 25);
    expect(await verdicts(load)).toEqual([`copy: target: word 1 is 0, expected ${copyPattern(1)}`, "passed"]);
    // One wrong word of the second chunk.
    const wrong = 2 ** 22 + 5;
    const planted = (word: number) => (word === wrong ? copyPattern(word) + 1 : copyPattern(word));
    await expect(verifyWords(gpu, buffers.target, planted)).rejects.toThrow(
      `copy: target: word ${wrong} is ${copyPattern(wrong)}, expected ${copyPattern(wrong) + 1}`,
    );
    buffers.dispose();
  });
}

test("small dispatches are counted", async () => {
  expect(await verdicts(await dispatchLoad(gpu, 7))).toEqual([
    "7 small dispatches: 0 ran, expected a multiple of 7",
    "passed",
  ]);
});

test("without timestamps the host's clock is taken", async () => {
  const bare = Gpu.fromDevice(withoutFeature(gpu.device, "timestamp-query"), { owned: false });
  const load = await dispatchLoad(bare, 3);
  const hostWatch = new Stopwatch(bare);
  const started = performance.now();
  const nanoseconds = await hostWatch.time(load.label, load.dispatches);
  expect(nanoseconds).toBeGreaterThan(0);
  expect(nanoseconds).toBeLessThan((performance.now() - started) * 1e6);
  await load.verify();
  hostWatch.dispose();
  load.dispose();
  await bare.dispose();
});
