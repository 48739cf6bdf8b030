// How much faster than each GPU peer, shape by shape: dots on a logarithmic axis around 1.

import { html, type Markup } from "../../src/report/markup.ts";
import { halo, logDomain, Plot, renderPlot, shorten, textWidth } from "../../src/report/plot.ts";
import { seriesLegend, seriesScales } from "../../src/report/series.ts";
import { type BenchRecord, type BenchRow, cpuPeers } from "../record.ts";
import { formatRatio, formatSamples } from "./format.ts";
import { gpuPeers, peerNames, rowLabel, rowsByGroup } from "./summary.ts";

interface Dot {
  readonly row: string;
  readonly peer: string;
  readonly ratio: number;
  readonly best: boolean;
  readonly title: string;
}

const width = 960;
const rowHeight = 20;
const longestLabel = 44;

/** One chart for each network, on the same axis; rows with a problem are left out. Undefined without any ratio. */
export function ratioPlots(record: BenchRecord): Markup | undefined {
  const rows = record.rows.filter((row) => row.problem === undefined && gpuPeers(row).length > 0);
  if (rows.length === 0) return undefined;
  const peers = peerNames(record).filter((peer) => !cpuPeers.has(peer));
  const domain = logDomain([1, ...rows.flatMap(dotsOf).map(({ ratio }) => ratio)], 1.15);
  const marginLeft = 16 + Math.max(...rows.map((row) => textWidth(labelOf(row))));
  const charts = [...rowsByGroup(rows)].map(
    ([group, members]) => html`<h3>${group}</h3>${ratioPlot(group, members, peers, domain, marginLeft)}`,
  );
  return html`${seriesLegend(peers)}${charts}`;
}

function ratioPlot(
  group: string,
  rows: readonly BenchRow[],
  peers: readonly string[],
  domain: readonly [number, number],
  marginLeft: number,
): Markup {
  const dots = rows.flatMap(dotsOf);
  const best = dots.filter((dot) => dot.best);
  return renderPlot(`${group}: median of each GPU peer over that of atrous`, {
    width,
    height: rows.length * rowHeight + 58,
    marginLeft,
    marginRight: 56,
    marginTop: 6,
    marginBottom: 46,
    x: {
      type: "log",
      domain: [...domain],
      label: "times faster than the peer (log scale)",
      labelAnchor: "center",
      ticks: 8,
      tickFormat: (x: number) => `${x}x`,
      grid: true,
    },
    // Rows are told apart by their whole names: cut ones may be the same.
    y: {
      domain: rows.map(rowLabel),
      label: null,
      tickFormat: (_: string, i: number) => labelOf(rows[i]!),
      tickSize: 0,
    },
    ...seriesScales(peers),
    marks: [
      Plot.ruleX([1], { stroke: "currentColor", strokeWidth: 1.5 }),
      Plot.ruleY(best, { x1: () => 1, x2: "ratio", y: "row", stroke: "peer", strokeWidth: 2.5 }),
      Plot.dot(dots, {
        x: "ratio",
        y: "row",
        stroke: "peer",
        symbol: "peer",
        r: 4,
        strokeWidth: 1.5,
        strokeOpacity: 0.8,
        filter: (dot: Dot) => !dot.best,
        title: "title",
      }),
      Plot.dot(best, { x: "ratio", y: "row", fill: "peer", symbol: "peer", r: 5, title: "title" }),
      Plot.text(best, {
        ...halo,
        x: () => domain[1],
        dx: 8,
        y: "row",
        text: (dot: Dot) => formatRatio(dot.ratio),
        textAnchor: "start",
        fontVariant: "tabular-nums",
      }),
    ],
  });
}

function dotsOf(row: BenchRow): Dot[] {
  return gpuPeers(row).map(({ name, samples }, i) => {
    const ratio = samples.medianMs / row.ours.medianMs;
    const times = `${formatSamples(samples)} ms against ${formatSamples(row.ours)} ms`;
    return {
      row: rowLabel(row),
      peer: name,
      ratio,
      best: i === 0,
      title: `${rowLabel(row)}\n${name}: ${formatRatio(ratio)}, ${times}`,
    };
  });
}

function labelOf(row: BenchRow): string {
  return `${shorten(row.name, longestLabel)} ${row.precision}`;
}
