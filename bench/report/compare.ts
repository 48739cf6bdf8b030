// Two records of the same adapter, row by row: what became slower, what faster, and what is only noise.
import { UsageError } from "../../src/errors.ts";
import type { BenchRecord, BenchRow, Samples } from "../record.ts";
import { formatDate, formatNumber, formatRatio, softwareWarning } from "./format.ts";
import { rowLabel } from "./summary.ts";
import { layOutTable, printable, wrap } from "./text-layout.ts";

/** A row that both records have. */
export interface RowChange {
  readonly before: BenchRow;
  readonly after: BenchRow;
  /** Medians in milliseconds: of the GPU where both rows have it, otherwise of whole runs. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly clock: "GPU" | "wall";
  /** `afterMs / beforeMs`: above 1 is slower. */
  readonly ratio: number;
  /** Relative change up to which nothing is said; see {@link noiseLimit}. */
  readonly limit: number;
}

export interface Comparison {
  /** Slower than the noise explains, the worst first. */
  readonly regressions: readonly RowChange[];
  /** Faster than the noise explains, the best first. */
  readonly improvements: readonly RowChange[];
  readonly unchanged: readonly RowChange[];
  /** Rows of the baseline that the new record does not have. */
  readonly missing: readonly BenchRow[];
  /** Rows that the baseline does not have. */
  readonly added: readonly BenchRow[];
  /** Rows with a problem in either record: their times say nothing. A check should fail on what is broken only now. */
  readonly untrusted: readonly { readonly before: BenchRow; readonly after: BenchRow }[];
  /** All of it for people, 100 columns wide. */
  readonly text: string;
}

const leastLimit = 0.05;
const spreads = 3;
const rule =
  "slower or faster: by more than the larger of 5 % and 3 x the relative spreads of both rows, added in quadrature";
const width = 100;

/**
 * Compares rows of the same suite, name, precision and shape. A row is a regression if its new median is above the old one times
 * (1 + limit), an improvement if the old one is above the new one times (1 + limit); see {@link noiseLimit}.
 * Throws UsageError for records of different schemas or adapters. The driver's version may differ: the text says so.
 */
export function compareRecords(before: BenchRecord, after: BenchRecord): Comparison {
  requireComparable(before, after);
  const known = new Map(before.rows.map((row) => [keyOf(row), row]));
  const current = new Set(after.rows.map(keyOf));
  const pairs = after.rows.flatMap((row) => {
    const old = known.get(keyOf(row));
    return old ? [{ before: old, after: row }] : [];
  });
  const trusted = (row: BenchRow) => row.problem === undefined;
  const changes = pairs.filter((pair) => trusted(pair.before) && trusted(pair.after)).map(changeOf);
  const found = {
    regressions: changes.filter(({ ratio, limit }) => ratio > 1 + limit).sort((a, b) => b.ratio - a.ratio),
    improvements: changes.filter(({ ratio, limit }) => 1 / ratio > 1 + limit).sort((a, b) => a.ratio - b.ratio),
    unchanged: changes.filter(({ ratio, limit }) => Math.max(ratio, 1 / ratio) <= 1 + limit),
    missing: before.rows.filter((row) => !current.has(keyOf(row))),
    added: after.rows.filter((row) => !known.has(keyOf(row))),
    untrusted: pairs.filter((pair) => !trusted(pair.before) || !trusted(pair.after)),
  };
  return { ...found, text: describe(before, after, found) };
}

/**
 * The larger of 5 % and three times the combined relative spread, sqrt((s1/m1)^2 + (s2/m2)^2) with medians m and spreads s. A spread is
 * half the distance between the quartiles, 0.67 standard deviations of a normal distribution, so three are two standard deviations
 * of a single sample; medians of several samples lie closer. GPU times have no spread of their own: the whole runs' stands for it.
 */
export function noiseLimit(before: Samples, after: Samples): number {
  const combined = Math.hypot(before.spreadMs / before.medianMs, after.spreadMs / after.medianMs);
  return Math.max(leastLimit, spreads * combined);
}

function changeOf({ before, after }: { before: BenchRow; after: BenchRow }): RowChange {
  const both = before.gpuMs !== null && after.gpuMs !== null && before.gpuMs > 0 && after.gpuMs > 0;
  const [beforeMs, afterMs] = both ? [before.gpuMs, after.gpuMs] : [before.ours.medianMs, after.ours.medianMs];
  const clock = both ? "GPU" : "wall";
  return {
    before,
    after,
    beforeMs,
    afterMs,
    clock,
    ratio: afterMs / beforeMs,
    limit: noiseLimit(before.ours, after.ours),
  };
}

function requireComparable(before: BenchRecord, after: BenchRecord): void {
  if (before.schema !== after.schema) {
    throw new UsageError(
      `compare: the records have different schemas, got ${after.schema} beside a baseline of ${before.schema}, expected the same`,
    );
  }
  const [placeBefore, place] = [before.data ?? "host", after.data ?? "host"];
  if (placeBefore !== place)
    throw new UsageError(`compare: got times with data on the ${place} beside a baseline on the ${placeBefore}`);
  const [old, current] = [machineOf(before), machineOf(after)];
  if (old !== current) {
    throw new UsageError(
      `compare: times of different adapters say nothing of a change, got ${current} beside a baseline of ${old}, expected the same`,
    );
  }
}

/** A software adapter is the CPU that it runs on. Drivers' versions are not part of it, unless nothing else is known. */
function machineOf({ adapter, host }: BenchRecord): string {
  const { vendor, architecture, device, kind } = adapter;
  const names = [vendor, architecture, device].filter(Boolean).join(" / ") || adapter.driver;
  return `${names} (${kind === "software" ? `software on ${host.cpu}, ${host.cores} cores` : kind})`;
}

function keyOf({ suite, name, precision, shape }: BenchRow): string {
  return JSON.stringify([suite, name, precision, shape]);
}

function describe(before: BenchRecord, after: BenchRecord, found: Omit<Comparison, "text">): string {
  const { regressions, improvements, unchanged, missing, added, untrusted } = found;
  const lines = [
    `${after.adapter.driver}: ${formatDate(after.date)} (atrous ${after.version}) against ${formatDate(before.date)} (atrous ${before.version})`,
    ...[softwareWarning(after) ?? []].flat(),
  ];
  if (before.adapter.driver !== after.adapter.driver)
    lines.push(`The driver was another one: ${before.adapter.driver}`);
  const counts = `${regressions.length} slower, ${improvements.length} faster, ${unchanged.length} within noise`;
  lines.push(
    `${counts}, ${missing.length} missing, ${added.length} added, ${untrusted.length} not to be compared`,
    `(${rule})`,
  );
  const paragraphs = lines.flatMap((line) => wrap(printable(line), width, "  "));
  for (const [title, changes] of [
    ["Slower", regressions],
    ["Faster", improvements],
  ] as const) {
    if (changes.length > 0) paragraphs.push("", `${title}:`, ...changeTable(changes));
  }
  const names = { Missing: missing, Added: added };
  for (const [title, rows] of Object.entries(names)) {
    if (rows.length > 0) paragraphs.push("", `${title}:`, ...rows.map((row) => `  ${printable(rowLabel(row))}`));
  }
  if (untrusted.length > 0) paragraphs.push("", "Not to be compared:", ...untrusted.flatMap(describeUntrusted));
  return paragraphs.join("\n");
}

function changeTable(changes: readonly RowChange[]): string[] {
  const number = (title: string) => ({ title, kind: "number" as const });
  const columns = [
    { title: "", kind: "text" as const },
    number("old ms"),
    number("new ms"),
    number("new/old"),
    number("limit"),
  ];
  const rows = changes.map(({ after, beforeMs, afterMs, clock, ratio, limit }) => [
    `  ${printable(rowLabel(after))}`,
    formatNumber(beforeMs),
    formatNumber(afterMs),
    formatRatio(ratio),
    `±${(100 * limit).toFixed(0)} % ${clock}`,
  ]);
  const { head, body } = layOutTable(columns, rows, width);
  return [...head, ...body.flat()];
}

function describeUntrusted({ before, after }: { before: BenchRow; after: BenchRow }): string[] {
  const why = after.problem === undefined ? `of the baseline: ${before.problem}` : `${after.problem}`;
  const since = before.problem === undefined ? " (new)" : "";
  return wrap(printable(`  ${rowLabel(after)}: ${why}${since}`), width, "    ");
}
