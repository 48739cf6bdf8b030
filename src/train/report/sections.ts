// What the reports of trainings and of evaluations share.
import { classColor } from "../../overlay/index.ts";
import type { Column } from "../../report/html-table.ts";
import { html, type Markup } from "../../report/markup.ts";
import type { MaskMetricName } from "../../segment/mask-metrics.ts";
import type { Overlay, Overlays } from "./overlay.ts";

/** Stands where a metric is undefined. */
const none = "-";

export const metricTitles = {
  dsc: "DSC",
  iou: "IoU",
  precision: "precision",
  recall: "recall",
  specificity: "specificity",
  volumeDifference: "volume difference",
  hausdorff95: "HD95 mm",
  hausdorff: "HD mm",
  assd: "ASSD mm",
  surfaceDice: "NSD",
} as const satisfies Record<MaskMetricName, string>;

export function formatMetric(value: number | null | undefined): string {
  return value === null || value === undefined ? none : value.toFixed(4);
}

/** A column of names, numbers or metrics. */
export function textColumn<Row>(title: string, of: (row: Row) => string): Column<Row> {
  return { title, kind: "text", text: of, value: of };
}

export function numberColumn<Row>(title: string, of: (row: Row) => number): Column<Row> {
  return { title, kind: "number", text: (row) => `${of(row)}`, value: of };
}

export function metricColumn<Row>(title: string, of: (row: Row) => number | null | undefined): Column<Row> {
  return { title, kind: "number", text: (row) => formatMetric(of(row)), value: (row) => of(row) ?? null };
}

export const undefinedNote = `${none}: undefined, since the class is neither predicted nor labelled (precision: not predicted; recall: not labelled). Such values have no part in means.`;

export function factList(facts: Readonly<Record<string, string>>): Markup {
  const entries = Object.entries(facts).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`);
  return html`<dl>${entries}</dl>`;
}

/** Pictures of the worst and the best images; `classes` are names, background first. */
export function overlaySection({ worst, best }: Overlays, classes: readonly string[]): Markup {
  if (worst.length + best.length === 0) return html`<p class="note">No image has a class to show.</p>`;
  const legend = classes.slice(1).map((name, i) => {
    const color = `rgb(${classColor(i + 1).join(" ")})`;
    return html`<li><span class="swatch" style="background: ${color}"></span> ${name}</li>`;
  });
  return html`<ul class="legend">${legend}</ul>
<h3>Worst</h3>${pictures(worst)}
${best.length === 0 ? undefined : html`<h3>Best</h3>${pictures(best)}`}
<p class="note">Filled: predicted. Dashed white outlines: labels. DSC is the mean over the classes of the image but the background.</p>`;
}

function pictures(overlays: readonly Overlay[]): Markup {
  const figures = overlays.map(({ id, dsc, png }) => {
    const source = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
    return html`<figure><img src="${source}" alt="${id} with its classes"><figcaption>${id}: DSC ${formatMetric(dsc)}</figcaption></figure>`;
  });
  return html`<div class="pictures">${figures}</div>`;
}

/** A configuration as JSON, short lists on one line. */
export function configSection(config: unknown): Markup {
  const text = JSON.stringify(config, null, 2).replaceAll(/\[\s+([^[\]{}]*?)\s+\]/g, (_, items: string) => {
    const line = `[${items.replaceAll(/\s*\n\s*/g, " ")}]`;
    return line.length <= 100 ? line : `[\n${items}]`;
  });
  return html`<h2>Configuration</h2><pre>${text}</pre>`;
}
