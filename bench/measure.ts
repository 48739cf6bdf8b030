// Measures one case: atrous and its peers, compared first and then timed in turn.
import { difference } from "../src/difference.ts";
import type { Gpu } from "../src/gpu/gpu.ts";
import { GpuTimer } from "../src/gpu/timing.ts";
import type { GraphProfile } from "../src/graph/profile.ts";
import { type CandidateReport, type TuneOptions, tune } from "../src/graph/tune.ts";
import type { Tuning } from "../src/graph/tuning.ts";
import type { BenchCase } from "./cases.ts";
import { type Contender, createAtrous, createData } from "./contenders.ts";
import { peers as engines } from "./peers/index.ts";
import type { BenchRow, Peaks, PeerResult } from "./record.ts";
import { createRow } from "./row.ts";
import { sampleInterleaved } from "./sample.ts";

export type PeerName = keyof typeof engines;

export interface MeasureOptions {
  readonly rounds: number;
  readonly peers: readonly PeerName[];
  readonly peaks: Peaks | null;
  readonly tuning?: Tuning;
  /** Measures every kernel of the case first. */
  readonly tune?: boolean;
  /** Called for every kernel that `tune` measured. */
  readonly onCandidate?: (report: CandidateReport) => void;
}

/** Two engines that both compute in f32 may be this far apart, relative L2. */
export const agreement = 1e-5;

export interface Measurement {
  readonly row: BenchRow;
  /** Undefined without `timestamp-query`. */
  readonly profile: GraphProfile | undefined;
}

/** Never rejects for a peer's sake: a peer that fails, or computes something else, has a problem instead of times. */
export async function measureCase(gpu: Gpu, entry: BenchCase, options: MeasureOptions): Promise<Measurement> {
  const data = createData(entry);
  const tuning = options.tune ? await tune(gpu, entry.graph, tuneOptions(options)) : options.tuning;
  const ours = await createAtrous(gpu, entry, data, tuning);
  const rivals: { name: PeerName; contender: Contender; relativeL2: number }[] = [];
  const peers: Record<string, PeerResult> = {};
  try {
    const expected = ours.result(await ours.run());
    const bad = expected.findIndex((value) => !Number.isFinite(value));
    for (const name of options.peers) {
      const found = await join(name, entry, data, expected);
      if ("problem" in found) peers[name] = found;
      else rivals.push({ name, ...found });
    }
    const [own, ...theirs] = await sampleInterleaved(
      [ours, ...rivals.map(({ contender }) => contender)],
      options.rounds,
    );
    rivals.forEach(({ name, relativeL2 }, i) => {
      peers[name] = { relativeL2, samples: theirs[i]! };
    });
    const profile = GpuTimer.isAvailable(gpu) ? await ours.profile(options.rounds) : undefined;
    const row = createRow(entry, ours, { samples: own!, profile, peaks: options.peaks, peers });
    const problem = problemOf(peers, bad, expected);
    return { row: problem === undefined ? row : { ...row, problem }, profile };
  } finally {
    await ours.dispose();
    for (const { contender } of rivals) await contender.dispose();
  }
}

function tuneOptions({ tuning: known, onCandidate }: MeasureOptions): TuneOptions {
  return { ...(known && { known }), ...(onCandidate && { onCandidate }) };
}

/** A peer that computes what we do, or why there is none. */
async function join(
  name: PeerName,
  entry: BenchCase,
  data: ReturnType<typeof createData>,
  expected: Float32Array,
): Promise<{ contender: Contender; relativeL2: number } | { problem: string }> {
  let contender: Contender | undefined;
  try {
    contender = await engines[name](entry, data);
    const theirs = contender.result(await contender.run());
    const { relativeL2 } = difference([expected.length], theirs, expected);
    if (relativeL2 <= agreement) return { contender, relativeL2 };
    await contender.dispose();
    return { problem: `${differs}: relative L2 ${relativeL2.toExponential(1)}` };
  } catch (error) {
    await contender?.dispose().catch(() => undefined);
    return { problem: error instanceof Error ? error.message.split("\n")[0]! : String(error) };
  }
}

const differs = "result differs";

/** A row is suspect if our result is not finite, or if every peer that ran has another one. */
function problemOf(
  peers: Readonly<Record<string, PeerResult>>,
  bad: number,
  expected: Float32Array,
): string | undefined {
  if (bad >= 0) return `element ${bad} of our result is ${expected[bad]}`;
  const results = Object.values(peers);
  const differing = results.filter((result) => "problem" in result && result.problem.startsWith(differs));
  const agreeing = results.filter((result) => "samples" in result);
  if (differing.length === 0 || agreeing.length > 0) return undefined;
  return "every peer that ran has another result";
}
