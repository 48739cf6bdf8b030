// Rows and nodes under the roofs of the adapter: arithmetic intensity against speed, both logarithmic.
// Source: Williams, Waterman, Patterson: Roofline, Communications of the ACM 52(4), 2009.

import { html, type Markup } from "../../src/report/markup.ts";
import {
  fontSize,
  halo,
  logDomain,
  logScale,
  mutedColor,
  Plot,
  renderPlot,
  shorten,
  textWidth,
} from "../../src/report/plot.ts";
import { seriesLegend, seriesScales } from "../../src/report/series.ts";
import type { BenchRecord, Peaks, Precision } from "../record.ts";
import { roofline } from "../roofline.ts";
import type { ProfileSection } from "./columns.ts";
import { formatNumber, formatShare } from "./format.ts";
import { computeMs, rowLabel } from "./summary.ts";

interface Point {
  readonly series: string;
  readonly name: string;
  /** FLOP per byte. */
  readonly intensity: number;
  readonly gflops: number;
  readonly share: number;
  readonly title: string;
}

interface Frame {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

const size = { width: 960, height: 480, marginLeft: 60, marginRight: 24, marginTop: 14, marginBottom: 46 };
const pixels = {
  x: [size.marginLeft, size.width - size.marginRight],
  y: [size.height - size.marginBottom, size.marginTop],
} as const;
/** Names are written beside this many points that are farthest below the roof. */
const namedPoints = 8;
const longestName = 34;

/** Undefined where the peaks were not measured or nothing has both FLOP and a time. */
export function rooflinePlot(record: BenchRecord, profiles: readonly ProfileSection[]): Markup | undefined {
  const { peaks } = record;
  if (!peaks) return undefined;
  const all = [...rowPoints(record, peaks), ...profiles.flatMap((profile) => nodePoints(profile, peaks))];
  const points = all.filter(({ intensity, gflops }) => intensity > 0 && Number.isFinite(intensity) && gflops > 0);
  if (points.length === 0) return undefined;
  const names = [...new Set(points.map(({ series }) => series))];
  const roofs = roofsOf(peaks, [
    ...record.rows.map(({ precision }) => precision),
    ...profiles.map(({ precision }) => precision ?? "f32"),
  ]);
  const frame = frameOf(points, roofs, peaks);
  const left = all.length - points.length;
  return html`${seriesLegend(names)}${renderPlot("Roofline: FLOP per byte against GFLOP/s", {
    ...size,
    x: {
      type: "log",
      domain: [...frame.x],
      label: "arithmetic intensity, FLOP per byte (log scale)",
      labelAnchor: "center",
      ticks: 8,
      tickFormat: tick,
    },
    y: {
      type: "log",
      domain: [...frame.y],
      label: "GFLOP/s (log scale)",
      labelAnchor: "center",
      ticks: 6,
      tickFormat: tick,
      grid: true,
    },
    ...seriesScales(names),
    marks: [...roofMarks(roofs, frame, peaks), ...pointMarks(points, frame)],
  })}${left === 0 ? undefined : html`<p class="note">${left} without arithmetic or without a time cannot be placed here.</p>`}`;
}

function rowPoints({ rows }: BenchRecord, peaks: Peaks): Point[] {
  return rows.map((row) => {
    const found = roofline(row, 1e6 * computeMs(row), peaks, row.precision);
    return createPoint(`${row.suite}, ${row.precision}`, rowLabel(row), found);
  });
}

function nodePoints({ title, profile, precision }: ProfileSection, peaks: Peaks): Point[] {
  return profile.nodes.map((node) => {
    const found = roofline(node.cost, node.medianNanoseconds, peaks, precision);
    return createPoint(`nodes of ${title}`, node.name, found);
  });
}

function createPoint(series: string, name: string, found: ReturnType<typeof roofline>): Point {
  const { intensity, gflops, share } = found;
  const numbers = `${formatNumber(intensity)} FLOP/byte, ${formatNumber(gflops)} GFLOP/s, ${formatShare(share)} of the roof`;
  return { series, name, intensity, gflops, share, title: `${name}\n${numbers}` };
}

/** The flat roofs: one for each precision that occurs and has a peak of its own. */
function roofsOf(peaks: Peaks, precisions: readonly Precision[]): { gflops: number; label: string }[] {
  const f32 = { gflops: peaks.fmaF32Gflops, label: `f32 arithmetic: ${formatNumber(peaks.fmaF32Gflops)} GFLOP/s` };
  if (peaks.fmaF16Gflops === null || !precisions.includes("f16")) return [f32];
  const f16 = { gflops: peaks.fmaF16Gflops, label: `f16 arithmetic: ${formatNumber(peaks.fmaF16Gflops)} GFLOP/s` };
  return [f32, f16];
}

/** Points, and every ridge with room on both sides. */
function frameOf(points: readonly Point[], roofs: readonly { gflops: number }[], { copyGBs }: Peaks): Frame {
  const ridges = roofs.map(({ gflops }) => gflops / copyGBs);
  const x = logDomain([...points.map(({ intensity }) => intensity), ...ridges], 2.5);
  const y = logDomain([...points.map(({ gflops }) => gflops), ...roofs.map(({ gflops }) => gflops)], 1.8);
  return { x, y };
}

function roofMarks(
  roofs: readonly { gflops: number; label: string }[],
  frame: Frame,
  { copyGBs }: Peaks,
): Plot.Markish[] {
  const highest = Math.max(...roofs.map(({ gflops }) => gflops));
  const ridge = highest / copyGBs;
  // Where the slope enters the frame, from below or from the left.
  const start = Math.max(frame.x[0], frame.y[0] / copyGBs);
  const slope = [start, ridge].map((x) => ({ x, y: x * copyGBs }));
  const [x, y] = [logScale(frame.x, pixels.x), logScale(frame.y, pixels.y)];
  const angle = Math.atan2(y(slope[1]!.y) - y(slope[0]!.y), x(ridge) - x(start));
  const middle = Math.sqrt(start * ridge);
  return [
    Plot.line(slope, { x: "x", y: "y", stroke: "currentColor", strokeWidth: 2 }),
    roofs.map(({ gflops }) =>
      Plot.line([gflops / copyGBs, frame.x[1]], {
        x: (value: number) => value,
        y: () => gflops,
        stroke: "currentColor",
        strokeWidth: 2,
      }),
    ),
    roofs.map(({ gflops, label }) =>
      Plot.text([label], { ...halo, x: () => frame.x[1], y: () => gflops, dx: -4, dy: -9, textAnchor: "end" }),
    ),
    Plot.text([`memory: ${formatNumber(copyGBs)} GB/s`], {
      ...halo,
      x: () => middle,
      y: () => middle * copyGBs,
      rotate: (angle * 180) / Math.PI,
      dx: 12 * Math.sin(angle),
      dy: -12 * Math.cos(angle),
    }),
  ];
}

function pointMarks(points: readonly Point[], frame: Frame): Plot.Markish[] {
  const named = placeNames(points, frame);
  const place = { x: "intensity", y: "gflops" } as const;
  return [
    Plot.dot(points, {
      ...place,
      stroke: "series",
      fill: "series",
      fillOpacity: 0.35,
      symbol: "series",
      r: 4.5,
      title: "title",
    }),
    Plot.text(named, {
      ...place,
      ...halo,
      fill: mutedColor,
      text: (point: Point) => shorten(point.name, longestName),
      dx: 9,
      textAnchor: "start",
    }),
  ];
}

/** Points whose names fit beside them: the farthest below the roof first, none over another or over another's dot. */
function placeNames(points: readonly Point[], frame: Frame): Point[] {
  const [x, y] = [logScale(frame.x, pixels.x), logScale(frame.y, pixels.y)];
  const boxOf = (point: Point) => {
    const left = x(point.intensity) + 7;
    const width = textWidth(shorten(point.name, longestName)) + 4;
    return { left, right: left + width, top: y(point.gflops) - fontSize / 2, bottom: y(point.gflops) + fontSize / 2 };
  };
  type Box = ReturnType<typeof boxOf>;
  const apart = (a: Box, b: Box) => a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top;
  const dots = points.map((point) => {
    const [cx, cy] = [x(point.intensity), y(point.gflops)];
    return { left: cx - 4, right: cx + 4, top: cy - 4, bottom: cy + 4 };
  });
  const taken: Box[] = [];
  return points
    .toSorted((a, b) => a.share - b.share)
    .filter((point) => {
      const box = boxOf(point);
      const fits = box.right < pixels.x[1] && [...dots, ...taken].every((other) => apart(box, other));
      if (!fits || taken.length >= namedPoints) return false;
      taken.push(box);
      return true;
    });
}

function tick(value: number): string {
  return value >= 1000 ? value.toLocaleString("en-US") : `${value}`;
}
