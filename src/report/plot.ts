// Observable Plot on the server: charts become SVG text that needs no script.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { printableLines } from "../printable.ts";
import { Markup } from "./markup.ts";

export { Plot };

/** A custom property of the page, which has a light and a dark set of them. */
export const mutedColor = "var(--muted)";

/** Text over dots and lines stays readable. */
export const halo = { fill: "currentColor", stroke: "var(--background)", strokeWidth: 4 } as const;

export const fontSize = 12;

/** Renders a plot. `label` says what it shows to those who cannot see it. */
export function renderPlot(label: string, options: Plot.PlotOptions): Markup {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const plot = Plot.plot({
    ...options,
    document,
    ariaLabel: label,
    style: { fontSize: `${fontSize}px`, background: "none" },
  });
  return new Markup(printableLines(plot.outerHTML));
}

/** Rough width of text, for margins and for labels that must not overlap. */
export function textWidth(text: string): number {
  return text.length * fontSize * 0.56;
}

/** At most `length` characters; what is cut is marked. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** Position in pixels on a logarithmic axis, as Plot places it. */
export function logScale([low, high]: readonly [number, number], [start, end]: readonly [number, number]) {
  return (value: number) => start + ((end - start) * Math.log(value / low)) / Math.log(high / low);
}

/** The range of positive values, widened by a factor to both sides. */
export function logDomain(values: readonly number[], margin: number): [number, number] {
  return [Math.min(...values) / margin, Math.max(...values) * margin];
}
