// What the rows of a record say together. Ratios are taken from the samples, never from what a row claims of itself.
import { type BenchRecord, type BenchRow, cpuPeers, type Samples } from "../record.ts";

/** A peer's times beside those of one row. */
export interface PeerTime {
  readonly name: string;
  readonly samples: Samples;
}

export interface RatioSummary {
  /** Of the ratios of all rows that have one; null without any. */
  readonly geometricMean: number | null;
  /** How many ratios there are. */
  readonly count: number;
  readonly least: { readonly row: BenchRow; readonly ratio: number } | null;
  /** Trusted rows that no GPU peer computed; gradients alone have none. */
  readonly withoutPeer: readonly BenchRow[];
  /** Rows with a problem: shown, never counted. */
  readonly untrusted: readonly BenchRow[];
}

/** GPU peers that have times, fastest first. */
export function gpuPeers(row: Pick<BenchRow, "peers">): PeerTime[] {
  return Object.entries(row.peers)
    .flatMap(([name, result]) =>
      "samples" in result && !cpuPeers.has(name) ? [{ name, samples: result.samples }] : [],
    )
    .sort((a, b) => a.samples.medianMs - b.samples.medianMs);
}

/** The fastest GPU peer's median over ours, whether or not the row is to be trusted; null without a GPU peer. */
export function peerRatio(row: Pick<BenchRow, "peers" | "ours">): number | null {
  const [best] = gpuPeers(row);
  return best ? best.samples.medianMs / row.ours.medianMs : null;
}

/** `peerRatio` of rows that are to be trusted; null of others. */
export function countedRatio(row: BenchRow): number | null {
  return row.problem === undefined ? peerRatio(row) : null;
}

export function summarizeRatios({ rows }: BenchRecord): RatioSummary {
  const counted = rows.flatMap((row) => {
    const ratio = countedRatio(row);
    return ratio === null ? [] : [{ row, ratio }];
  });
  const logarithms = counted.reduce((sum, { ratio }) => sum + Math.log(ratio), 0);
  return {
    geometricMean: counted.length === 0 ? null : Math.exp(logarithms / counted.length),
    count: counted.length,
    least: counted.toSorted((a, b) => a.ratio - b.ratio)[0] ?? null,
    withoutPeer: rows.filter(
      (row) => row.suite !== "gradients" && row.problem === undefined && peerRatio(row) === null,
    ),
    untrusted: rows.filter((row) => row.problem !== undefined),
  };
}

/** What computes the row's own time: the GPU's where it was measured, otherwise the whole run's. Milliseconds. */
export function computeMs({ gpuMs, ours }: BenchRow): number {
  return gpuMs !== null && gpuMs > 0 ? gpuMs : ours.medianMs;
}

/** Names of all peers of a record, in the order in which they first appear. */
export function peerNames({ rows }: BenchRecord): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row.peers)))];
}

/** `conv 3x3 64->64 64x64 (f16)`: unique within a suite. */
export function rowLabel({ name, precision }: BenchRow): string {
  return `${name} (${precision})`;
}

/** Rows by suite and group, both in the order in which they first appear. Keys read `kernels: ResNet-18`. */
export function rowsByGroup(rows: readonly BenchRow[]): ReadonlyMap<string, readonly BenchRow[]> {
  const groups = new Map<string, BenchRow[]>();
  for (const row of rows) {
    const key = `${row.suite}: ${row.group}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

/** Why peers gave no times: one entry for each peer and reason, with the rows. */
export function peerProblems({ rows }: BenchRecord): { peer: string; problem: string; rows: BenchRow[] }[] {
  const found = new Map<string, { peer: string; problem: string; rows: BenchRow[] }>();
  for (const row of rows) {
    for (const [peer, result] of Object.entries(row.peers)) {
      if (!("problem" in result)) continue;
      const key = JSON.stringify([peer, result.problem]);
      const entry = found.get(key) ?? { peer, problem: result.problem, rows: [] };
      entry.rows.push(row);
      found.set(key, entry);
    }
  }
  return [...found.values()];
}
