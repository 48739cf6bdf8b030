// Writes the measured parts of README and docs/speed.md from the records in bench/results: `npm run bench:docs`.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BenchRecord, type BenchRow, cpuPeers, type PeerResult } from "./record.ts";
import { formatCount, formatShare, isBusy } from "./report/format.ts";
import { markdownTable, milliseconds, ratio, type Section, writeSection } from "./report/markdown.ts";
import { parseRecord } from "./report/read.ts";
import { countedRatio, summarizeRatios } from "./report/summary.ts";
import { formatSummary, softwareOnly } from "./speed-summary.ts";

const end = "<!-- /performance -->";

/** One table. */
export const summarySection: Section = {
  document: "README.md",
  begin: "<!-- performance: written by `npm run bench:docs` from bench/results; all of it: docs/speed.md -->",
  end,
};

/** All records. */
export const recordsSection: Section = {
  document: "docs/speed.md",
  begin: "<!-- performance: written by `npm run bench:docs` from bench/results -->",
  end,
};

/** README with its table made anew. Throws Error where the section's marks are missing. */
export function writeSummary(readme: string, records: readonly NamedRecord[]): string {
  return writeSection(readme, summarySection, formatSummary(records.map(({ record }) => record)));
}

/** docs/speed.md with its records made anew. Throws Error where the section's marks are missing. */
export function writeRecords(document: string, records: readonly NamedRecord[]): string {
  const text = softwareOnly(records.map(({ record }) => record)) + records.map(formatRecord).join("\n\n");
  return writeSection(document, recordsSection, text);
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

function formatRecord({ file, record }: NamedRecord): string {
  const { adapter, date, host, rows } = record;
  const kind = adapter.kind === "software" ? `a software adapter, ${host.cores} cores` : host.cpu;
  const busy = isBusy(record)
    ? `; **the machine was busy**, load ${host.load!.toFixed(1)}: times are upper bounds`
    : "";
  const title = `**${adapter.driver.replace(/ \(software\)$/, "")}** (${kind}; ${date.slice(0, 10)}; [record](../bench/results/${file})${busy})`;
  const of = (...suites: readonly BenchRow["suite"][]) => rows.filter(({ suite }) => suites.includes(suite));
  const [others, kernels, files] = [of("models", "start", "training"), of("kernels"), of("onnx")];
  const gradients = of("gradients");
  const parts = [
    others.length > 0 ? formatRows(others) : "",
    kernels.length > 0 ? formatKernels(record, kernels) : "",
    gradients.length > 0 ? formatGradients(gradients) : "",
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
    [row.name, ...(titles[row.suite] ?? []), ...(row.precision === "f16" ? ["f16"] : [])].join(", "),
    milliseconds(row.ours.medianMs),
    ...peers.map((name) => {
      const result = row.peers[name];
      return result && "samples" in result ? milliseconds(result.samples.medianMs) : "-";
    }),
    ratio(countedRatio(row)),
  ]);
  return markdownTable(head, lines);
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
  return [markdownTable(head, lines), [against, ...marks, ...problems].join(" ")].join("\n\n");
}

/** A time, with a mark for what is noted of it. */
function formatPeer(result: PeerResult | undefined, notes: string[]): string {
  if (!result || "problem" in result) return "-";
  const { note } = result;
  if (note !== undefined && !notes.includes(note)) notes.push(note);
  return `${milliseconds(result.samples.medianMs)}${note === undefined ? "" : "*".repeat(notes.indexOf(note) + 1)}`;
}

/** Behind a row's name. */
const titles: Readonly<Partial<Record<BenchRow["suite"], readonly string[]>>> = {
  start: ["cold start"],
  training: ["a step of training"],
};

function formatGradients(rows: readonly BenchRow[]): string {
  const shares = rows.flatMap(({ rooflineShare }) => rooflineShare ?? []).sort((a, b) => a - b);
  if (shares.length === 0) return `${rows.length} kernels of training, without GPU times.`;
  const [least, middle, most] = [0, 0.5, 1].map((at) => formatShare(shares[Math.round((shares.length - 1) * at)]!));
  return `${rows.length} kernels of training, gradients among them: ${least} to ${most} of the roofline, median ${middle}.`;
}

if (process.argv[1]?.endsWith("performance.js")) {
  const records = await readRecords("bench/results");
  for (const [{ document }, write] of [
    [summarySection, writeSummary],
    [recordsSection, writeRecords],
  ] as const) {
    await writeFile(document, write(await readFile(document, "utf8"), records));
  }
}
