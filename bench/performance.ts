// Writes README's performance section from the records in bench/results: `npm run bench:readme`.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BenchRecord, type BenchRow, cpuPeers, type PeerResult } from "./record.ts";
import { formatCount, isBusy } from "./report/format.ts";
import { parseRecord } from "./report/read.ts";
import { countedRatio, summarizeRatios } from "./report/summary.ts";

const begin = "<!-- performance: written by `npm run bench:readme` from bench/results -->";
const end = "<!-- /performance -->";

/** README with its performance section made anew. Throws Error where the section's marks are missing. */
export function writePerformance(readme: string, records: readonly NamedRecord[]): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md: expected "${begin}" and "${end}"`);
  return `${readme.slice(0, from + begin.length)}\n\n${formatPerformance(records)}\n\n${readme.slice(to)}`;
}

export interface NamedRecord {
  readonly file: string;
  readonly record: BenchRecord;
}

/** All records of a folder, oldest first. */
export async function readRecords(folder: string): Promise<NamedRecord[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  return Promise.all(
    names.map(async (file) => ({ file, record: parseRecord(await readFile(join(folder, file), "utf8"), file) })),
  );
}

function formatPerformance(records: readonly NamedRecord[]): string {
  const isSoftware = records.every(({ record }) => record.adapter.kind === "software");
  const warning = isSoftware
    ? "**All adapters below are software drivers on a CPU**: ratios may tell something, times do not. No GPU has been measured yet.\n\n"
    : "";
  return `${warning}${records.map(formatRecord).join("\n\n")}`;
}

function formatRecord({ file, record }: NamedRecord): string {
  const { adapter, date, host, rows } = record;
  const kind = adapter.kind === "software" ? `a software adapter, ${host.cores} cores` : host.cpu;
  const busy = isBusy(record)
    ? `; **the machine was busy**, load ${host.load!.toFixed(1)}: times are upper bounds`
    : "";
  const title = `**${adapter.driver.replace(/ \(software\)$/, "")}** (${kind}; ${date.slice(0, 10)}; [record](bench/results/${file})${busy})`;
  const of = (...suites: readonly BenchRow["suite"][]) => rows.filter(({ suite }) => suites.includes(suite));
  const [others, kernels, files] = [of("models", "start"), of("kernels"), of("onnx")];
  const parts = [
    others.length > 0 ? formatRows(others) : "",
    kernels.length > 0 ? formatKernels(record, kernels) : "",
    files.length > 0 ? formatFiles(files) : "",
  ];
  return [title, ...parts.filter(Boolean)].join("\n\n");
}

function formatRows(rows: readonly BenchRow[]): string {
  const peers = [...new Set(rows.flatMap(({ peers }) => Object.keys(peers)))];
  const head = [
    "",
    "atrous",
    ...peers.map((name) => (cpuPeers.has(name) ? `${name} (not counted)` : name)),
    "best GPU peer / atrous",
  ];
  const lines = rows.map((row) => [
    [row.name, ...(row.suite === "start" ? ["cold start"] : []), ...(row.precision === "f16" ? ["f16"] : [])].join(
      ", ",
    ),
    milliseconds(row.ours.medianMs),
    ...peers.map((name) => {
      const result = row.peers[name];
      return result && "samples" in result ? milliseconds(result.samples.medianMs) : "-";
    }),
    ratio(countedRatio(row)),
  ]);
  return table(head, lines);
}

function formatKernels(record: BenchRecord, rows: readonly BenchRow[]): string {
  const { geometricMean, count, least } = summarizeRatios({ ...record, rows });
  const below = rows.filter((row) => (countedRatio(row) ?? 1) < 1).length;
  const slowest = least ? `; the least is ${ratio(least.ratio)}, ${least.row.name}; ${below} are below 1` : "";
  const place = record.data === "device" ? "with image and result on the GPU, " : "";
  return `${rows.length} convolutions of the zoo, ${place}best peer's time over ours: geometric mean ${ratio(geometricMean)} of ${count}${slowest}.`;
}

/** Networks from ONNX files, a line for each, in both precisions; files of a peer are f32. */
function formatFiles(rows: readonly BenchRow[]): string {
  const peers = [...new Set(rows.flatMap(({ peers }) => Object.keys(peers)))];
  const head = [
    "network",
    "parameters",
    "relative L2, f32",
    "relative L2, f16",
    "planned memory, f32",
    "planned memory, f16",
    "atrous, f32",
    "atrous, f16",
    ...peers.map((name) => (cpuPeers.has(name) ? `${name} (not counted)` : name)),
    "best GPU peer / atrous, f32",
  ];
  const notes: string[] = [];
  const names = [...new Set(rows.map(({ name }) => name))];
  const lines = names.map((name) => {
    const [full, half] = (["f32", "f16"] as const).map((precision) =>
      rows.find((row) => row.name === name && row.precision === precision),
    );
    const any = full ?? half;
    const pair = (text: (row: BenchRow) => string) => [full, half].map((row) => (row ? text(row) : "-"));
    return [
      name,
      formatCount(any?.parameters ?? null),
      ...pair(({ error }) => error?.relativeL2.toExponential(1) ?? "-"),
      ...pair(({ memory }) => `${(memory.plannedBytes / 2 ** 20).toPrecision(3)} MiB`),
      ...pair(({ ours }) => milliseconds(ours.medianMs)),
      ...peers.map((peer) => formatPeer(full?.peers[peer], notes)),
      ratio(full ? countedRatio(full) : null),
    ];
  });
  const engines = [...new Set(rows.flatMap(({ error }) => error?.against ?? []))].join(" or ");
  const against = `Errors are the largest over the outputs, against ${engines} on the CPU; planned memory is that of the activations.`;
  const marks = notes.map((note, i) => `${"*".repeat(i + 1)} ${note}.`);
  const problems = rows.flatMap(({ name, precision, problem }) =>
    problem === undefined ? [] : [`Not counted: ${name}, ${precision}: ${problem}.`],
  );
  return [table(head, lines), [against, ...marks, ...problems].join(" ")].join("\n\n");
}

/** A time, with a mark for what is noted of it. */
function formatPeer(result: PeerResult | undefined, notes: string[]): string {
  if (!result || "problem" in result) return "-";
  const { note } = result;
  if (note !== undefined && !notes.includes(note)) notes.push(note);
  return `${milliseconds(result.samples.medianMs)}${note === undefined ? "" : "*".repeat(notes.indexOf(note) + 1)}`;
}

function milliseconds(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 100 ? `${Math.round(ms)} ms` : `${ms.toPrecision(3)} ms`;
}

function ratio(value: number | null): string {
  return value === null ? "-" : value.toFixed(2);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

if (process.argv[1]?.endsWith("performance.js")) {
  const readme = await readFile("README.md", "utf8");
  await writeFile("README.md", writePerformance(readme, await readRecords("bench/results")));
}
