// A bench record as a table for the terminal.
import type { BenchRecord, BenchRow } from "../record.ts";
import { cpuMark, cpuNote, rowColumns, trainingColumns, trainingLines, trainingNote, wallNote } from "./columns.ts";
import { formatRatio, recordFacts, softwareWarning } from "./format.ts";
import { peerProblems, rowLabel, rowsByGroup, summarizeRatios } from "./summary.ts";
import { layOutTable, printable, wrap } from "./text-layout.ts";

export interface TextOptions {
  /** Characters in a line, 80 to 160; what does not fit goes on with a second line of the same row. Default 120. */
  readonly width?: number;
}

/** Header, one entry for each row by network, and what the ratios say together. Ends without a line break. */
export function formatRecord(record: BenchRecord, options: TextOptions = {}): string {
  const width = Math.min(160, Math.max(80, options.width ?? 120));
  return [
    ...header(record, width),
    "",
    ...table(record, width),
    ...trainingTable(record, width),
    "",
    ...closing(record, width),
  ].join("\n");
}

function header(record: BenchRecord, width: number): string[] {
  const warning = softwareWarning(record);
  const facts = Object.entries(recordFacts(record)).flatMap(([name, value]) =>
    wrap(`${`${name}:`.padEnd(9)}${printable(value)}`, width, " ".repeat(9)),
  );
  return warning === undefined ? facts : [...facts, warning];
}

function table(record: BenchRecord, width: number): string[] {
  const columns = rowColumns(record);
  const titles = [{ title: "", kind: "text" as const }, ...columns].map(({ title, kind }) => ({
    title: printable(title),
    kind,
  }));
  const lines = record.rows.map((row) => [
    `  ${printable(row.name)}`,
    ...columns.map(({ text }) => printable(text(row))),
  ]);
  const { head, body } = layOutTable(titles, lines, width);
  const linesOf = new Map(record.rows.map((row, i) => [row, body[i] ?? []]));
  const result = [...head];
  for (const [group, rows] of rowsByGroup(record.rows)) {
    result.push(printable(group));
    for (const row of rows) {
      result.push(...(linesOf.get(row) ?? []));
      if (row.problem !== undefined)
        result.push(...wrap(`    not counted: ${printable(row.problem)}`, width, "      "));
    }
  }
  return result;
}

/** Nothing where nothing was trained. */
function trainingTable(record: BenchRecord, width: number): string[] {
  const lines = trainingLines(record);
  if (lines.length === 0) return [];
  const cells = lines.map((line) =>
    trainingColumns.map(({ text }, i) => `${i === 0 ? "  " : ""}${printable(text(line))}`),
  );
  const { head, body } = layOutTable(trainingColumns, cells, width);
  const titled = lines.flatMap(({ name }, i) => [
    ...(lines[i - 1]?.name === name ? [] : [printable(name)]),
    ...body[i]!,
  ]);
  return ["", ...wrap(trainingNote, width, "  "), ...head, ...titled];
}

function closing(record: BenchRecord, width: number): string[] {
  const { geometricMean, count, least, withoutPeer, untrusted } = summarizeRatios(record);
  const lines = [
    "ratio: median of the fastest GPU peer over ours; above 1 atrous is faster.",
    geometricMean === null
      ? "Geometric mean of ratios: none, no row has a GPU peer."
      : `Geometric mean of ratios: ${formatRatio(geometricMean)} (${count} of ${record.rows.length} rows).`,
  ];
  if (least) lines.push(`Least ratio: ${formatRatio(least.ratio)}, ${rowLabel(least.row)}.`);
  if (withoutPeer.length > 0) lines.push(`Without a GPU peer: ${listRows(withoutPeer)}.`);
  if (untrusted.length > 0) lines.push(`Not counted, for a problem: ${listRows(untrusted)}.`);
  for (const { peer, problem, rows } of peerProblems(record)) {
    lines.push(`No time of ${peer}: ${problem} (${listRows(rows, 3)}).`);
  }
  if (rowColumns(record).some(({ title }) => title.endsWith(`${cpuMark} ms`))) lines.push(cpuNote);
  if (record.rows.some(({ gpuMs }) => gpuMs === null)) lines.push(wallNote);
  return lines.flatMap((line) => wrap(printable(line), width, "  "));
}

/** `3 rows: a (f32); b (f32); c (f16)`; a peer's problem is explained by its first rows. */
function listRows(rows: readonly BenchRow[], most = rows.length): string {
  const names = rows.slice(0, most).map(rowLabel).join("; ");
  const rest = rows.length > most ? `; and ${rows.length - most} more` : "";
  return `${rows.length} ${rows.length === 1 ? "row" : "rows"}: ${names}${rest}`;
}
