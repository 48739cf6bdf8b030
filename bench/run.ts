// One bench run: cases in, a record out, row by row.
import { cpus, loadavg } from "node:os";
import { version } from "../package.json";
import type { Gpu } from "../src/gpu/gpu.ts";
import type { CandidateReport } from "../src/graph/tune.ts";
import type { Tuning } from "../src/graph/tuning.ts";
import { type BenchCase, type NetworkName, networkCase } from "./cases.ts";
import { type Measurement, measureCase, type PeerName } from "./measure.ts";
import { measurePeaks } from "./peaks.ts";
import type { BenchRecord, BenchRow, DataPlace, Peaks, Precision } from "./record.ts";
import { kernelZoo } from "./zoo.ts";

export interface BenchOptions {
  readonly cases: readonly BenchCase[];
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
  const load = loadavg()[0]!;
  const peaks = await measurePeaks(gpu);
  const { cases, onCase, ...measuring } = options;
  const rows: BenchRow[] = [];
  for (const entry of cases) {
    const measured = await measureCase(gpu, entry, { ...measuring, peaks });
    rows.push(measured.row);
    onCase?.(measured, rows.length, cases.length);
  }
  const record = createRecord(gpu, peaks, rows);
  return { ...record, host: { ...record.host, load }, ...(options.data && { data: options.data }) };
}

export function createRecord(gpu: Gpu, peaks: Peaks | null, rows: readonly BenchRow[]): BenchRecord {
  const host = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
  return { schema: 1, date: new Date().toISOString(), version, adapter: gpu.adapter, host, peaks, rows };
}

export interface Suites {
  readonly suite: "kernels" | "models";
  /** Pixels along each side, for models. */
  readonly sizes: readonly number[];
  /** Images per run, for models. */
  readonly batches: readonly number[];
  readonly networks: readonly NetworkName[];
  readonly precisions: readonly Precision[];
  /** Only cases whose group or name holds this text. */
  readonly filter: string;
}

export function benchCases({ suite, filter, precisions, ...models }: Suites): BenchCase[] {
  const cases = precisions.flatMap((precision) =>
    suite === "kernels" ? kernelZoo(precision) : networkCases(models, precision),
  );
  return cases.filter(({ group, name }) => `${group} ${name}`.includes(filter));
}

function networkCases(
  { networks, sizes, batches }: Pick<Suites, "networks" | "sizes" | "batches">,
  precision: Precision,
): BenchCase[] {
  return networks.flatMap((network) =>
    sizes.flatMap((size) => batches.map((batch) => networkCase(size, batch, { network, precision }))),
  );
}
