// Sampling by the `benchmark` package, one cycle of each contender in turn (A B A B), so that drifts hit all alike.
import Benchmark from "benchmark";
import { type Samples, summarize } from "./record.ts";

/** What is timed of a contender. */
export interface Timed {
  readonly name: string;
  run(): Promise<unknown>;
}

/** One warm-up run of each, then `rounds` rounds. */
export async function sampleInterleaved(contenders: readonly Timed[], rounds: number): Promise<Samples[]> {
  for (const contender of contenders) await contender.run();
  const times: number[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) times[i]!.push(...(await oneCycle(contender)));
  }
  return times.map(summarize);
}

/** A deferred benchmark of a single cycle. Rejects with the contender's own error. */
function oneCycle(contender: Timed): Promise<number[]> {
  return new Promise((resolve, reject) => {
    let failure: unknown;
    const benchmark = new Benchmark({
      name: contender.name,
      defer: true,
      initCount: 1,
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
