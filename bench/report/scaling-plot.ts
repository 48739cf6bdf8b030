// How networks scale: time per pixel and per image as images and batches grow.

import { html, type Markup } from "../../src/report/markup.ts";
import { Plot, renderPlot } from "../../src/report/plot.ts";
import { seriesLegend, seriesScales } from "../../src/report/series.ts";
import type { BenchRecord, BenchRow } from "../record.ts";
import { formatNumber } from "./format.ts";
import { rowLabel } from "./summary.ts";

/** One network in one precision, as one size grows and all others stay. */
export interface ScalingSeries {
  readonly name: string;
  readonly points: readonly ScalingPoint[];
}

export interface ScalingPoint {
  /** Pixels of an image, or images of a batch. */
  readonly size: number;
  /** Time per pixel of all images, over that of the smallest size. */
  readonly relative: number;
  readonly title: string;
}

type Axis = "pixels" | "batch";

const size = {
  width: 470,
  height: 320,
  marginLeft: 52,
  marginRight: 20,
  marginTop: 14,
  marginBottom: 46,
  insetLeft: 12,
  insetRight: 12,
};

/** Undefined where no network was measured at two sizes. */
export function scalingPlots({ rows }: BenchRecord): Markup | undefined {
  const [pixels, batch] = [scalingSeries(rows, "pixels"), scalingSeries(rows, "batch")];
  const charts = [
    ...(pixels.length > 0 ? [scalingPlot("Larger images", "pixels of an image (log scale)", pixels)] : []),
    ...(batch.length > 0 ? [scalingPlot("Larger batches", "images in a batch (log scale)", batch)] : []),
  ];
  return charts.length === 0 ? undefined : html`<div class="side-by-side">${charts}</div>`;
}

/** Series of two sizes at least, of rows without a problem. GPU times where all rows of a series have them. */
export function scalingSeries(rows: readonly BenchRow[], axis: Axis): ScalingSeries[] {
  const groups = new Map<string, BenchRow[]>();
  for (const row of rows) {
    if (row.suite !== "models" || row.problem !== undefined || row.shape.length < 3) continue;
    const name = seriesName(row, axis);
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return [...groups].flatMap(([name, members]) => {
    const sorted = members.toSorted((a, b) => sizeOf(a, axis) - sizeOf(b, axis));
    if (new Set(sorted.map((row) => sizeOf(row, axis))).size < 2) return [];
    return [{ name, points: pointsOf(sorted, axis) }];
  });
}

function pointsOf(rows: readonly BenchRow[], axis: Axis): ScalingPoint[] {
  const onGpu = rows.every(({ gpuMs }) => gpuMs !== null && gpuMs > 0);
  const perPixel = (row: BenchRow) =>
    (onGpu && row.gpuMs !== null ? row.gpuMs : row.ours.medianMs) / pixelsOf(row) / row.shape[0]!;
  const first = perPixel(rows[0]!);
  return rows.map((row) => {
    const numbers = `${formatNumber(1e6 * perPixel(row))} ns per pixel (${onGpu ? "GPU" : "whole run"})`;
    return { size: sizeOf(row, axis), relative: perPixel(row) / first, title: `${rowLabel(row)}\n${numbers}` };
  });
}

/** Everything that stays the same along a series. */
function seriesName({ group, precision, shape }: BenchRow, axis: Axis): string {
  const [n, c, ...image] = shape;
  const rest = axis === "pixels" ? `N ${n}` : image.join("x");
  return `${group}, ${precision}, ${rest}${c === 3 ? "" : `, ${c} channels`}`;
}

/** Rows times columns, and depth where there is one. */
function pixelsOf({ shape }: BenchRow): number {
  return shape.slice(2).reduce((product, length) => product * length, 1);
}

function sizeOf(row: BenchRow, axis: Axis): number {
  return axis === "pixels" ? pixelsOf(row) : row.shape[0]!;
}

function scalingPlot(title: string, label: string, series: readonly ScalingSeries[]): Markup {
  const names = series.map(({ name }) => name);
  const points = series.flatMap(({ name, points }) => points.map((point) => ({ ...point, name })));
  const place = { x: "size", y: "relative" } as const;
  const sizes = [...new Set(points.map((point) => point.size))].sort((a, b) => a - b);
  const most = Math.max(1, ...points.map(({ relative }) => relative));
  const plot = renderPlot(`${title}: time per pixel relative to the smallest size`, {
    ...size,
    x: { type: "log", base: 2, label, labelAnchor: "center", ticks: sizes, tickFormat: formatPixels },
    y: {
      domain: [0, 1.1 * most],
      label: "time per pixel over that of the smallest",
      labelAnchor: "center",
      grid: true,
      ticks: 6,
    },
    ...seriesScales(names),
    marks: [
      Plot.ruleY([1], { stroke: "currentColor", strokeWidth: 1.5 }),
      Plot.line(points, { ...place, z: "name", stroke: "name", strokeWidth: 1.5 }),
      Plot.dot(points, { ...place, fill: "name", symbol: "name", r: 4.5, title: "title" }),
    ],
  });
  return html`<div><h3>${title}</h3>${seriesLegend(names)}${plot}</div>`;
}

/** `4`, `16 k`, `1.0 M`. */
function formatPixels(count: number): string {
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`;
  return count >= 1e4 ? `${Math.round(count / 1000)} k` : `${count}`;
}
