// README's one table of speed: every f32 row of the records that a GPU peer computed too; convolutions in a line per record.
import { type BenchRecord, type BenchRow, cpuPeers } from "./record.ts";
import { markdownTable, milliseconds, ratio } from "./report/markdown.ts";
import { countedRatio, gpuPeers, summarizeRatios } from "./report/summary.ts";

/** The suites in the order of the table, and what stands behind a row's name. */
const suites: Readonly<Partial<Record<BenchRow["suite"], string>>> = {
  models: "",
  onnx: ", ONNX",
  training: ", a step of training",
  start: ", cold start",
};

/** Said where it is so of all records. */
export function softwareOnly(records: readonly BenchRecord[]): string {
  return records.every(({ adapter }) => adapter.kind === "software")
    ? "**All adapters here are software drivers on a CPU.** Ratios may tell something, times do not. No GPU has been measured yet.\n\n"
    : "";
}

export function formatSummary(records: readonly BenchRecord[]): string {
  const rows = Object.entries(suites).flatMap(([suite, title]) =>
    records.flatMap((record) =>
      record.rows.filter((row) => row.suite === suite).flatMap((row) => formatRow(record, row, title)),
    ),
  );
  const head = ["work", "atrous", "best GPU peer", "peer / atrous", "adapter"];
  return `${softwareOnly(records)}${markdownTable(head, [...rows, ...records.flatMap(formatKernels)])}`;
}

function formatRow(record: BenchRecord, row: BenchRow, title: string): string[][] {
  const [best] = gpuPeers(row);
  const counted = countedRatio(row);
  if (row.precision !== "f32" || !best || counted === null) return [];
  const result = row.peers[best.name];
  const note = result && "note" in result ? ` (${result.note})` : "";
  const peer = `${milliseconds(best.samples.medianMs)}, ${best.name}${note}`;
  return [[`${row.name}${title}`, milliseconds(row.ours.medianMs), peer, ratio(counted), adapterName(record)]];
}

function formatKernels(record: BenchRecord): string[][] {
  const rows = record.rows.filter(({ suite }) => suite === "kernels");
  const { geometricMean, count, least } = summarizeRatios({ ...record, rows });
  if (!least) return [];
  const peers = new Set(rows.flatMap((row) => Object.keys(row.peers)).filter((name) => !cpuPeers.has(name)));
  const place = record.data === "device" ? ", data on the GPU" : "";
  const mean = `${ratio(geometricMean)} (geometric mean; least ${ratio(least.ratio)})`;
  return [[`${count} convolutions${place}`, "-", `the best of ${peers.size} engines`, mean, adapterName(record)]];
}

/** Without its versions: those stand in docs/speed.md. */
function adapterName({ adapter }: BenchRecord): string {
  const name = adapter.driver.replace(/ \(software\)$/, "").split(/:| driver/)[0]!;
  return adapter.kind === "software" ? `${name}, software` : name;
}
