// The columns of a record's table and of a profile's, the same for terminals and pages.
import type { GraphProfile, NodeProfile } from "../../src/graph/run/profile.ts";
import type { Column } from "../../src/report/html-table.ts";
import { formatShape } from "../../src/tensor.ts";
import { type BenchRecord, type BenchRow, cpuPeers, type Peaks, type Precision, type Samples } from "../record.ts";
import { roofline } from "../roofline.ts";
import { formatCount, formatNumber, formatRatio, formatSamples, formatShare, none } from "./format.ts";
import { computeMs, countedRatio, peerNames } from "./summary.ts";

/** Marks the titles of peers that compute on the CPU. */
export const cpuMark = "*";
export const cpuNote = `${cpuMark} computes on the CPU: shown, never counted in ratios.`;
export const wallNote = "Rows without GPU ms: GFLOP/s is of the whole run, copies included.";

/** A network's profile, as a report shows it. */
export interface ProfileSection {
  /** Network and shape. */
  readonly title: string;
  readonly profile: GraphProfile;
  /** Of the arithmetic; default f32. */
  readonly precision?: Precision;
}

/** Names and groups are left to the caller: terminals show them as headings. */
export function rowColumns(record: BenchRecord): Column<BenchRow>[] {
  const gflops = (row: BenchRow) => row.flop / 1e6 / computeMs(row);
  return [
    { title: "precision", kind: "text", text: (row) => row.precision, value: (row) => row.precision },
    ...(record.rows.some(({ error }) => error) ? fileColumns : []),
    number("GFLOP", (row) => row.flop / 1e9),
    { ...number("atrous ms", (row) => row.ours.medianMs), text: (row) => formatSamples(row.ours) },
    number("GPU ms", (row) => row.gpuMs),
    number("GFLOP/s", gflops),
    number("% of roofline", (row) => row.rooflineShare, formatShare),
    ...peerNames(record).map((peer) =>
      number(`${peer}${cpuPeers.has(peer) ? cpuMark : ""} ms`, (row: BenchRow) => peerMs(row, peer)),
    ),
    ...(peerNames(record).length > 0 ? [number("ratio", countedRatio, formatRatio)] : []),
    ...(record.rows.some(kernelOf) ? [kernelColumn] : []),
  ];
}

/** What computed a row of one operator: its kernel, or those of its parts. Networks have too many. */
function kernelOf({ suite, kernels }: BenchRow): string | null {
  const isOne = suite === "kernels" || suite === "gradients";
  return isOne ? kernels.join(" + ") : null;
}

const kernelColumn: Column<BenchRow> = {
  title: "kernel",
  kind: "text",
  text: (row) => kernelOf(row) ?? none,
  value: kernelOf,
};

/** Of rows of ONNX files. */
const fileColumns: readonly Column<BenchRow>[] = [
  number("parameters", ({ parameters }) => parameters ?? null, formatCount),
  number("relative L2", ({ error }) => error?.relativeL2 ?? null),
  number("planned MiB", ({ memory }) => memory.plannedBytes / 2 ** 20),
];

/** One engine's steps of a training. */
export interface TrainingLine {
  readonly name: string;
  readonly engine: string;
  readonly samples: Samples;
  readonly uploaded: Samples | undefined;
  readonly peakBytes: number | undefined;
  readonly losses: readonly number[];
  /** Relative L2 of the first update from ours. */
  readonly updateL2: number | null;
}

/** A line for each engine that trained, row by row, atrous first. */
export function trainingLines({ rows }: BenchRecord): TrainingLine[] {
  return rows.flatMap(({ name, ours, peers, training }) => {
    if (!training) return [];
    const line = (engine: string, samples: Samples, updateL2: number | null) => {
      const { uploaded, peakBytes, losses } = training;
      const measured = { uploaded: uploaded[engine], peakBytes: peakBytes[engine], losses: losses[engine] ?? [] };
      return { name, engine, samples, updateL2, ...measured };
    };
    const others = Object.entries(peers).flatMap(([engine, result]) =>
      "samples" in result ? [line(engine, result.samples, result.relativeL2)] : [],
    );
    return [line("atrous", ours, null), ...others];
  });
}

export const trainingNote =
  "Steps of training: losses of the first three; update: relative L2 of the first step's change of all weights from ours; peak: planned by atrous, seen in the GPU buffers of the others.";

export const trainingColumns: readonly Column<TrainingLine>[] = [
  { title: "engine", kind: "text", text: ({ engine }) => engine, value: ({ engine }) => engine },
  { ...number("step ms", ({ samples }) => samples.medianMs), text: ({ samples }) => formatSamples(samples) },
  {
    ...number("with upload ms", ({ uploaded }) => uploaded?.medianMs ?? null),
    text: ({ uploaded }) => (uploaded ? formatSamples(uploaded) : none),
  },
  number("peak MB", ({ peakBytes }) => (peakBytes === undefined ? null : peakBytes / 1e6)),
  {
    ...number("losses", ({ losses }) => losses.at(-1) ?? null),
    text: ({ losses }) => losses.map((loss) => loss.toFixed(5)).join(" "),
  },
  number("update", ({ updateL2 }) => updateL2),
];

/** `peaks` null: shares and limits are not known. */
export function nodeColumns(peaks: Peaks | null, precision: Precision = "f32"): Column<NodeProfile>[] {
  const place = (node: NodeProfile) => (peaks ? roofline(node.cost, node.medianNanoseconds, peaks, precision) : null);
  const perNanosecond = (amount: number, node: NodeProfile) =>
    node.medianNanoseconds > 0 ? amount / node.medianNanoseconds : null;
  return [
    { title: "node", kind: "text", text: (node) => node.name, value: (node) => node.name },
    { title: "kernel", kind: "text", text: (node) => node.kernel, value: (node) => node.kernel },
    {
      title: "output shape",
      kind: "text",
      text: (node) => formatShape(node.outputShape),
      value: (node) => node.outputShape.reduce((product, size) => product * size, 1),
    },
    number("us", (node) => node.medianNanoseconds / 1000),
    number("GFLOP/s", (node) => perNanosecond(node.cost.flop, node)),
    number("GB/s", (node) => perNanosecond(node.cost.bytes, node)),
    number("% of roofline", (node) => place(node)?.share ?? null, formatShare),
    {
      title: "limit",
      kind: "text",
      text: (node) => place(node)?.limit ?? none,
      value: (node) => place(node)?.limit ?? null,
    },
  ];
}

function peerMs(row: BenchRow, peer: string): number | null {
  const result = row.peers[peer];
  return result && "samples" in result ? result.samples.medianMs : null;
}

function number<Row = TrainingLine>(
  title: string,
  value: (row: Row) => number | null,
  format = formatNumber,
): Column<Row> {
  return { title, kind: "number", text: (row) => format(value(row)), value };
}
