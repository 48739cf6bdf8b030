// One bench run: cases in, a record out, row by row.
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { version } from "../package.json";
import type { Gpu } from "../src/gpu/gpu.ts";
import type { CandidateReport } from "../src/graph/tune/tune.ts";
import type { Tuning } from "../src/graph/tune/tuning.ts";
import { type BenchCase, type NetworkName, networkCase } from "./cases.ts";
import { type GradientCase, gradientCases } from "./gradients.ts";
import { type Measurement, type MeasureOptions, measureCase, type PeerName } from "./measure.ts";
import { measureGradient } from "./measure-gradient.ts";
import { measurePeaks } from "./peaks.ts";
import type { BenchRecord, BenchRow, DataPlace, Peaks, Precision } from "./record.ts";
import { type TrainingCase, trainingCases } from "./training/case.ts";
import { measureTraining } from "./training/measure.ts";
import { kernelZoo } from "./zoo.ts";

export type AnyCase = BenchCase | GradientCase | TrainingCase;

export interface BenchOptions {
  readonly cases: readonly AnyCase[];
  readonly rounds: number;
  readonly peers: readonly PeerName[];
  readonly tuning?: Tuning;
  /** Where the image is before and the result after what is timed. Default host. */
  readonly data?: DataPlace;
  /** Measures every kernel of every case first. */
  readonly tune?: boolean;
  /** Called for every kernel that `tune` measured. */
  readonly onCandidate?: (report: CandidateReport) => void;
  /** Called as cases are measured. */
  readonly onCase?: (measured: Measurement, done: number, total: number) => void;
}

/** Peaks first, then every case. */
export async function runBench(gpu: Gpu, options: BenchOptions): Promise<BenchRecord> {
  const load = await busyCores(250);
  const peaks = await measurePeaks(gpu);
  const { cases, onCase, ...measuring } = options;
  const rows: BenchRow[] = [];
  for (const entry of cases) {
    const measured = await measureAny(gpu, entry, { ...measuring, peaks });
    rows.push(measured.row);
    onCase?.(measured, rows.length, cases.length);
  }
  // Gradients and steps of training are measured with their data on the GPU.
  const isHost = cases.every(({ suite }) => suite !== "gradients" && suite !== "training");
  const data = isHost ? options.data : "device";
  const record = createRecord(gpu, peaks, rows);
  return { ...record, host: { ...record.host, load }, ...(data && { data }) };
}

/** Cores that others kept busy while this process slept. */
async function busyCores(milliseconds: number): Promise<number> {
  const busyMs = () => cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0);
  const before = busyMs();
  await sleep(milliseconds);
  return (busyMs() - before) / milliseconds;
}

function measureAny(gpu: Gpu, entry: AnyCase, options: MeasureOptions): Promise<Measurement> {
  if ("network" in entry) return measureTraining(gpu, entry, options);
  return "forward" in entry ? measureGradient(gpu, entry, options) : measureCase(gpu, entry, options);
}

export function createRecord(gpu: Gpu, peaks: Peaks | null, rows: readonly BenchRow[]): BenchRecord {
  const host = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
  return { schema: 1, date: new Date().toISOString(), version, adapter: gpu.adapter, host, peaks, rows };
}

export interface Suites {
  readonly suite: "kernels" | "gradients" | "models" | "training";
  /** Pixels along each side, for models and training. */
  readonly sizes: readonly number[];
  /** Images per run, for models and training. */
  readonly batches: readonly number[];
  readonly networks: readonly NetworkName[];
  readonly precisions: readonly Precision[];
  /** Only cases whose group or name holds this text. */
  readonly filter: string;
}

const casesOf: Readonly<Record<Suites["suite"], (suites: Suites, precision: Precision) => readonly AnyCase[]>> = {
  kernels: (_, precision) => kernelZoo(precision),
  gradients: (_, precision) => gradientCases(precision),
  models: networkCases,
  training: (suites) => trainingCases(suites),
};

export function benchCases(suites: Suites): AnyCase[] {
  const cases = suites.precisions.flatMap((precision) => casesOf[suites.suite](suites, precision));
  return cases.filter(({ group, name }) => `${group} ${name}`.includes(suites.filter));
}

function networkCases(
  { networks, sizes, batches }: Pick<Suites, "networks" | "sizes" | "batches">,
  precision: Precision,
): BenchCase[] {
  return networks.flatMap((network) =>
    sizes.flatMap((size) => batches.map((batch) => networkCase(size, batch, { network, precision }))),
  );
}
