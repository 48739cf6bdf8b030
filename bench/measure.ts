// Measures one case: atrous and its peers, compared first and then timed in turn.
import { difference } from "../src/difference.ts";
import type { Gpu } from "../src/gpu/gpu.ts";
import { GpuTimer } from "../src/gpu/timing.ts";
import type { GraphProfile } from "../src/graph/run/profile.ts";
import { type CandidateReport, type TuneOptions, tune } from "../src/graph/tune/tune.ts";
import type { Tuning } from "../src/graph/tune/tuning.ts";
import { parityLimits } from "../src/parity/index.ts";
import type { BenchCase, ModelFile } from "./cases.ts";
import { type CaseData, type Contender, createAtrous, createData } from "./contenders.ts";
import { peers as engines } from "./peers/index.ts";
import type { BenchRow, DataPlace, Peaks, PeerResult } from "./record.ts";
import { createRow } from "./row.ts";
import { paced, sampleInterleaved, type Timed } from "./sample.ts";

export type PeerName = keyof typeof engines;

export interface MeasureOptions {
  readonly rounds: number;
  readonly peers: readonly PeerName[];
  readonly peaks: Peaks | null;
  readonly tuning?: Tuning;
  /** Where the image is before and the result after what is timed. Default host. */
  readonly data?: DataPlace;
  /** Measures every kernel of the case first. */
  readonly tune?: boolean;
  /** Called for every kernel that `tune` measured. */
  readonly onCandidate?: (report: CandidateReport) => void;
}

/**
 * How far from our result in f32 a peer's may be, relative L2: enough to tell that it computes the same. ONNX Runtime adds up
 * in f16 where it stores f16, and was 1.2e-2 away after ResNet-18.
 */
export const agreement = { f32: 1e-5, f16: 5e-2 } as const;

/** How far our own result in f16 may be from that in f32. */
export const ownAgreement = parityLimits.f16;

export interface Measurement {
  readonly row: BenchRow;
  /** Undefined without `timestamp-query`. */
  readonly profile: GraphProfile | undefined;
}

/** Never rejects for a peer's sake: a peer that fails, or computes something else, has a problem instead of times. */
export async function measureCase(gpu: Gpu, entry: BenchCase, options: MeasureOptions): Promise<Measurement> {
  const data = createData(entry);
  const tuning = options.tune ? await tune(gpu, entry.graph, tuneOptions(entry, options)) : options.tuning;
  const ours = await createAtrous(gpu, entry, data, tuning);
  const rivals: { name: PeerName; contender: Contender; relativeL2: number }[] = [];
  const peers: Record<string, PeerResult> = {};
  try {
    const own = ours.result(await ours.run());
    const bad = own.findIndex((value) => !Number.isFinite(value));
    const expected = entry.precision === "f32" ? own : await resultInF32(gpu, entry, data);
    const rounding = difference([own.length], own, expected).relativeL2;
    for (const name of options.peers) {
      const found = await join(name, entry, data, expected);
      if ("problem" in found) peers[name] = found;
      else if (options.data !== "device" || found.contender.compute) rivals.push({ name, ...found });
      else {
        peers[name] = { problem: "cannot leave its data on the GPU here" };
        await found.contender.dispose();
      }
    }
    const [samples, ...theirs] = await sampleInterleaved(
      [timed(ours, options.data), ...rivals.map(({ contender }) => paced(gpu, timed(contender, options.data)))],
      options.rounds,
    );
    rivals.forEach(({ name, relativeL2 }, i) => {
      const { note } = rivals[i]!.contender;
      peers[name] = { relativeL2, samples: theirs[i]!, ...(note !== undefined && { note }) };
    });
    const profile = GpuTimer.isAvailable(gpu) ? await ours.profile(options.rounds) : undefined;
    const error = entry.file && bad < 0 ? errorOf(own, entry.file.expected) : undefined;
    const row = createRow(entry, ours, { samples: samples!, profile, peaks: options.peaks, peers, error });
    const problem = inaccuracy(row) ?? problemOf(peers, { bad, value: own[bad], rounding });
    return { row: problem === undefined ? row : { ...row, problem }, profile };
  } finally {
    await ours.dispose();
    for (const { contender } of rivals) await contender.dispose();
  }
}

function timed(contender: Contender, data: DataPlace = "host"): Timed {
  const { name } = contender;
  return { name, run: async () => (data === "device" ? contender.compute?.() : contender.run()) };
}

async function resultInF32(gpu: Gpu, entry: BenchCase, data: CaseData): Promise<Float32Array> {
  const full = await createAtrous(gpu, { ...entry, precision: "f32" }, data);
  try {
    return full.result(await full.run());
  } finally {
    await full.dispose();
  }
}

export function tuneOptions({ precision }: BenchCase, { tuning: known, onCandidate }: MeasureOptions): TuneOptions {
  return { precision, ...(known && { known }), ...(onCandidate && { onCandidate }) };
}

/** A peer that computes what we do, or why there is none. */
async function join(
  name: PeerName,
  entry: BenchCase,
  data: ReturnType<typeof createData>,
  expected: Float32Array,
): Promise<{ contender: Contender; relativeL2: number } | { problem: string }> {
  if (entry.file && entry.precision === "f16") return { problem: "the file holds f32, expected a model in f16" };
  let contender: Contender | undefined;
  try {
    contender = await engines[name](entry, data);
    const theirs = contender.result(await contender.run());
    const { relativeL2 } = difference([expected.length], theirs, expected);
    if (relativeL2 <= agreement[entry.precision]) return { contender, relativeL2 };
    await contender.dispose();
    return { problem: `${differs}: relative L2 ${relativeL2.toExponential(1)}` };
  } catch (error) {
    await contender?.dispose().catch(() => undefined);
    return { problem: error instanceof Error ? error.message.split("\n")[0]! : String(error) };
  }
}

const differs = "result differs";

/** The largest of all outputs, which lie on end in `own`. */
function errorOf(own: Float32Array, { by, outputs }: ModelFile["expected"]): NonNullable<BenchRow["error"]> {
  let at = 0;
  const errors = outputs.map((expected) => {
    const got = own.subarray(at, at + expected.length);
    at += expected.length;
    return difference([expected.length], got, expected).relativeL2;
  });
  return { against: by, relativeL2: Math.max(...errors) };
}

function inaccuracy({ error, precision }: BenchRow): string | undefined {
  if (!error || error.relativeL2 <= parityLimits[precision]) return undefined;
  return `our result is ${error.relativeL2.toExponential(1)} from that of ${error.against}`;
}

/** A row is suspect if our result is not finite, or if every peer that ran has another one. */
function problemOf(
  peers: Readonly<Record<string, PeerResult>>,
  own: { readonly bad: number; readonly value: number | undefined; readonly rounding: number },
): string | undefined {
  if (own.bad >= 0) return `element ${own.bad} of our result is ${own.value}`;
  if (!(own.rounding <= ownAgreement)) return `our result is ${own.rounding.toExponential(1)} from that in f32`;
  const results = Object.values(peers);
  const differing = results.filter((result) => "problem" in result && result.problem.startsWith(differs));
  const agreeing = results.filter((result) => "samples" in result);
  if (differing.length === 0 || agreeing.length > 0) return undefined;
  return "every peer that ran has another result";
}
