// Series of a chart: each has a colour and a symbol, so that none is told apart by colour alone.
import { html, type Markup } from "./markup.ts";
import { Plot, renderPlot } from "./plot.ts";

/** Custom properties of the page. */
const colors = [1, 2, 3, 4, 5, 6].map((i) => `var(--series-${i})`);
/** One fewer than colours: pairs repeat only after thirty series. */
const symbols = ["circle", "triangle", "square", "diamond", "wye"] as const;

/** Options of a plot whose marks name their series by channel `stroke` or `fill`, and `symbol`. */
export function seriesScales(names: readonly string[]) {
  return {
    color: { domain: [...names], range: names.map((_, i) => colorOf(i)) },
    symbol: { domain: [...names], range: names.map((_, i) => symbolOf(i)) },
  };
}

export function seriesLegend(names: readonly string[]): Markup {
  const entries = names.map((name, i) => {
    const mark = Plot.dot([0], { x: () => 8, y: () => 8, r: 5, symbol: symbolOf(i), fill: colorOf(i) });
    const identity = { type: "identity" } as const;
    const size = { width: 16, height: 16, margin: 0 };
    return html`<li>${renderPlot(name, { ...size, axis: null, x: identity, y: identity, marks: [mark] })} ${name}</li>`;
  });
  return html`<ul class="legend">${entries}</ul>`;
}

function colorOf(i: number): string {
  return colors[i % colors.length]!;
}

function symbolOf(i: number): (typeof symbols)[number] {
  return symbols[i % symbols.length]!;
}
