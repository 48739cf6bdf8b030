// Sampling by the `benchmark` package, one cycle of each contender in turn (A B A B), so that drifts hit all alike.
import type { Gpu } from "../src/gpu/gpu.ts";
import { loadPackage } from "../src/package.ts";
import { type Samples, summarize } from "./record.ts";

/** Asked for when the bench is loaded, not after its first measurements. */
const { default: Benchmark } = await loadPackage("benchmark", () => import("benchmark"));

/** What is timed of a contender. */
export interface Timed {
  readonly name: string;
  run(): Promise<unknown>;
}

/** Peers on the same Dawn wait as atrous does. */
export function paced(gpu: Gpu, { name, run }: Timed): Timed {
  return { name, run: () => gpu.waitFor(run()) };
}

/** Runs in a row that make a sample take about this long: the package's own least time of a cycle. */
const cycleMs = 50;
const mostRuns = 100;

/**
 * Two warm-up runs of each, then `rounds` rounds. A sample is the mean of as many runs in a row as take 50 ms, one if it takes
 * longer: what a run finds of the contender before it, its caches and its sleep, then counts little.
 */
export async function sampleInterleaved(contenders: readonly Timed[], rounds: number): Promise<Samples[]> {
  const cycles: { contender: Timed; runs: number; times: number[] }[] = [];
  for (const contender of contenders) {
    await contender.run();
    const started = performance.now();
    await contender.run();
    const runs = Math.ceil(cycleMs / (performance.now() - started));
    cycles.push({ contender, runs: Math.min(mostRuns, runs), times: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { contender, runs, times } of cycles) times.push(...(await oneCycle(contender, runs)));
  }
  return cycles.map(({ times }) => summarize(times));
}

/** A deferred benchmark of a single cycle, which gives the mean of its runs. Rejects with the contender's own error. */
function oneCycle(contender: Timed, runs: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    let failure: unknown;
    const benchmark = new Benchmark({
      name: contender.name,
      defer: true,
      initCount: runs,
      minSamples: 1,
      minTime: 1e-6,
      maxTime: 1e-6,
      fn: (deferred: { resolve(): void }) => {
        contender
          .run()
          .catch((error) => {
            failure = error;
          })
          .then(() => deferred.resolve());
      },
      onComplete: () => {
        if (failure !== undefined) reject(failure);
        else resolve(benchmark.stats.sample.map((seconds) => seconds * 1000));
      },
    });
    benchmark.run({ async: true });
  });
}
