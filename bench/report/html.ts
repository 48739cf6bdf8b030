// A bench record as one HTML page: charts, tables, and what they may be believed for. It loads nothing.

import { type Column, sortableTable } from "../../src/report/html-table.ts";
import { html, type Markup } from "../../src/report/markup.ts";
import { renderPage } from "../../src/report/page.ts";
import type { BenchRecord, BenchRow } from "../record.ts";
import {
  cpuMark,
  cpuNote,
  nodeColumns,
  type ProfileSection,
  rowColumns,
  type TrainingLine,
  trainingColumns,
  trainingLines,
  trainingNote,
  wallNote,
} from "./columns.ts";
import { formatDate, formatNumber, formatRatio, recordFacts, softwareWarning } from "./format.ts";
import { ratioPlots } from "./ratio-plot.ts";
import { rooflinePlot } from "./roofline-plot.ts";
import { scalingPlots } from "./scaling-plot.ts";
import { peerProblems, rowLabel, summarizeRatios } from "./summary.ts";

export type { ProfileSection } from "./columns.ts";

export interface HtmlOptions {
  /** Each adds its nodes to the roofline, and a table of them. */
  readonly profiles?: readonly ProfileSection[];
}

/** The whole document. Every string of the record is escaped: a record may come from anybody. */
export function formatHtml(record: BenchRecord, options: HtmlOptions = {}): string {
  const { profiles = [] } = options;
  return renderPage(
    `atrous bench, ${record.adapter.driver}, ${formatDate(record.date)}`,
    html`<h1>atrous bench</h1>
${facts(record)}
${conclusions(record)}
${section(record, "Speed beside other engines", ratioPlots(record), {
  caption:
    "Median time of each GPU peer over that of atrous: right of the line atrous is faster. Filled: the fastest peer, which counts.",
  otherwise: "No row has a time of a GPU peer.",
})}
${section(record, "Roofline", rooflinePlot(record, profiles), {
  caption:
    "What rows and nodes attain, under what this adapter attained at most in the same run. Named, where there is room: the farthest below the roof.",
  otherwise: record.peaks ? "Nothing was measured that computes." : "The adapter's peaks were not measured.",
})}
${section(record, "Scaling of networks", scalingPlots(record), {
  caption: "Time per pixel over that of the smallest size: below the line larger work is cheaper.",
  otherwise: "No network was measured at two sizes.",
})}
${rowTable(record)}
${trainingTable(record)}
${profiles.map((profile) => nodeTable(record, profile))}`,
  );
}

function facts(record: BenchRecord): Markup {
  const entries = Object.entries(recordFacts(record)).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`);
  return html`${warningOf(record)}<dl>${entries}</dl>`;
}

function warningOf(record: BenchRecord): Markup | undefined {
  const warning = softwareWarning(record);
  return warning === undefined ? undefined : html`<p class="warning">${warning}</p>`;
}

function conclusions(record: BenchRecord): Markup {
  const { geometricMean, count, least, withoutPeer, untrusted } = summarizeRatios(record);
  const items = [
    geometricMean === null
      ? html`<li>No row has a time of a GPU peer.</li>`
      : html`<li>Geometric mean of ratios to the fastest GPU peer: <strong>${formatRatio(geometricMean)}</strong> (${count} of ${record.rows.length} rows; above 1 atrous is faster)</li>`,
    ...(least
      ? [html`<li>Least ratio: <strong>${formatRatio(least.ratio)}</strong>, ${rowLabel(least.row)}</li>`]
      : []),
    ...rowList("Without a GPU peer", withoutPeer),
    ...rowList("Not counted, for a problem", untrusted),
  ];
  return html`<ul>${items}</ul>`;
}

function rowList(title: string, rows: readonly BenchRow[]): Markup[] {
  return rows.length === 0 ? [] : [html`<li>${title}: ${rows.map(rowLabel).join("; ")}</li>`];
}

function section(
  record: BenchRecord,
  title: string,
  chart: Markup | undefined,
  { caption, otherwise }: { readonly caption: string; readonly otherwise: string },
): Markup {
  if (!chart) return html`<h2>${title}</h2><p class="note">${otherwise}</p>`;
  return html`<h2>${title}</h2><figure>${chart}<figcaption>${caption} ${origin(record)}</figcaption></figure>`;
}

/** Charts are copied out of their page: each says where it is from. */
function origin(record: BenchRecord): Markup {
  const warning = softwareWarning(record);
  return html`${record.adapter.driver}, ${formatDate(record.date)}.${warning === undefined ? undefined : html` <span class="warning">${warning}</span>`}`;
}

function rowTable(record: BenchRecord): Markup {
  const text = (title: string, of: (row: BenchRow) => string): Column<BenchRow> => ({
    title,
    kind: "text",
    text: of,
    value: of,
  });
  const columns = [text("name", ({ name }) => name), text("network", ({ group }) => group), ...rowColumns(record)];
  const problems = peerProblems(record).map(
    ({ peer, problem, rows }) =>
      html`<li>No time of ${peer}: ${problem}<details><summary>rows: ${rows.length}</summary>${rows.map(rowLabel).join("; ")}</details></li>`,
  );
  const notes = [
    ...(columns.some(({ title }) => title.endsWith(`${cpuMark} ms`)) ? [cpuNote] : []),
    ...(record.rows.some(({ gpuMs }) => gpuMs === null) ? [wallNote] : []),
  ];
  return html`<h2>All rows</h2>
<p class="note">Times are medians in milliseconds ± half the distance between the quartiles; ratio: the fastest GPU peer over atrous. A click on a title sorts. ${origin(record)}</p>
${sortableTable(columns, record.rows, ({ problem }) => (problem === undefined ? undefined : `not counted: ${problem}`))}
<ul class="note">${[...notes.map((note) => html`<li>${note}</li>`), ...problems]}</ul>`;
}

function trainingTable(record: BenchRecord): Markup | undefined {
  const lines = trainingLines(record);
  if (lines.length === 0) return undefined;
  const name: Column<TrainingLine> = {
    title: "name",
    kind: "text",
    text: (line) => line.name,
    value: (line) => line.name,
  };
  return html`<h2>Steps of training</h2>
<p class="note">${trainingNote} ${origin(record)}</p>
${sortableTable([name, ...trainingColumns], lines)}`;
}

function nodeTable(record: BenchRecord, { title, profile, precision }: ProfileSection): Markup {
  const total = `${formatNumber(profile.totalNanoseconds / 1000)} us`;
  return html`<h2>Nodes of ${title}</h2>
<p class="note">${profile.nodes.length} nodes, ${total} of GPU time together in the median one of ${profile.rounds} rounds, each node in a pass of its own. Times are medians. ${origin(record)}</p>
${sortableTable(nodeColumns(record.peaks, precision), profile.nodes)}`;
}
