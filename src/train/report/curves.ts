// Curves over the epochs of a training.
import { html, type Markup } from "../../report/markup.ts";
import { mutedColor, Plot, renderPlot } from "../../report/plot.ts";
import { seriesLegend, seriesScales } from "../../report/series.ts";
import type { StepRecord, TrainRecord, ValidationRecord } from "../loop/record.ts";

/** The records of one training by kind, and how its steps become epochs. */
export interface History {
  readonly steps: readonly StepRecord[];
  readonly validations: readonly ValidationRecord[];
  /** Steps after which the training was resumed. */
  readonly resumed: readonly number[];
  readonly stepsPerEpoch: number;
}

export function readHistory(log: readonly TrainRecord[]): History {
  const steps = log.filter((record) => record.kind === "step");
  const begun = log.filter((record) => record.kind === "start" || record.kind === "resume");
  return {
    steps,
    validations: log.filter((record) => record.kind === "validation"),
    resumed: begun.filter(({ kind }) => kind === "resume").map(({ step }) => step),
    stepsPerEpoch: begun[0]?.stepsPerEpoch ?? 1,
  };
}

const size = { width: 960, height: 300, marginLeft: 58, marginRight: 16, marginTop: 14, marginBottom: 42 };

const half = { ...size, width: 470, height: 230 };

const centered = { labelAnchor: "center", labelArrow: "none" } as const;

const epochAxis = (last: number) => ({
  label: "epoch",
  labelAnchor: "center" as const,
  domain: [0, last],
  nice: false,
});

/** Rules where a killed or stopped training went on. */
const resumeRules = ({ resumed, stepsPerEpoch }: History) =>
  Plot.ruleX(
    resumed.map((step) => ({ epoch: step / stepsPerEpoch, title: `resumed after step ${step}` })),
    { x: "epoch", stroke: mutedColor, strokeDasharray: "3 4", title: "title" },
  );

function lastEpoch({ steps, validations, stepsPerEpoch }: History): number {
  return Math.max(1, steps.at(-1)?.step ?? 0, validations.at(-1)?.step ?? 0) / stepsPerEpoch;
}

const mostPoints = 300;

interface Bin {
  readonly epoch: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Equal numbers of steps together, so that a long training is no larger a page; values that are no number are left out. */
export function binSteps({ steps, stepsPerEpoch }: History, of: (step: StepRecord) => number | null): Bin[] {
  const per = Math.max(1, Math.ceil(steps.length / mostPoints));
  const bins: Bin[] = [];
  for (let first = 0; first < steps.length; first += per) {
    const part = steps.slice(first, first + per);
    const values = part.map(of).filter((value) => value !== null);
    if (values.length === 0) continue;
    const epoch = part.reduce((sum, { step }) => sum + step, 0) / part.length / stepsPerEpoch;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    bins.push({ epoch, mean, low: Math.min(...values), high: Math.max(...values) });
  }
  return bins;
}

/** Logarithmic where the values are positive and the largest is many times the smallest. */
function valueAxis(label: string, values: readonly number[]) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low > 0 && high > 8 * low)
    return { ...centered, grid: true, type: "log" as const, label: `${label} (log scale)` };
  return { ...centered, grid: true, zero: true, label };
}

/** Undefined where no step has a loss. */
export function lossPlot(history: History): Markup | undefined {
  const bins = binSteps(history, ({ loss }) => loss);
  if (bins.length === 0) return undefined;
  const validations = history.validations.flatMap(({ step, loss }) =>
    loss === null ? [] : [{ epoch: step / history.stepsPerEpoch, loss }],
  );
  const names = ["training", ...(validations.length > 0 ? ["validation"] : [])];
  const values = [...bins.flatMap(({ low, high }) => [low, high]), ...validations.map(({ loss }) => loss)];
  const scales = seriesScales(names);
  const color = (name: string) => scales.color.range[names.indexOf(name)]!;
  const plot = renderPlot("Loss of training and validation by epoch", {
    ...size,
    x: epochAxis(lastEpoch(history)),
    y: { ...valueAxis("loss", values), ticks: 5, tickFormat: "~g" },
    marks: [
      resumeRules(history),
      Plot.areaY(bins, { x: "epoch", y1: "low", y2: "high", fill: color("training"), fillOpacity: 0.18 }),
      Plot.line(bins, { x: "epoch", y: "mean", stroke: color("training"), strokeWidth: 1.6 }),
      ...(validations.length > 0
        ? [
            Plot.line(validations, { x: "epoch", y: "loss", stroke: color("validation"), strokeWidth: 1.6 }),
            Plot.dot(validations, { x: "epoch", y: "loss", fill: color("validation"), symbol: "triangle", r: 2.5 }),
          ]
        : []),
    ],
  });
  return html`${seriesLegend(names)}${plot}`;
}

/** The learning rate. Undefined without steps. */
export function ratePlot(history: History): Markup | undefined {
  const { steps, stepsPerEpoch } = history;
  // A change is kept with the step before it, so that edges stay edges.
  const kept = steps.filter(
    ({ rate }, i) => i === 0 || i === steps.length - 1 || rate !== steps[i - 1]!.rate || rate !== steps[i + 1]!.rate,
  );
  if (kept.length === 0) return undefined;
  const points = thin(kept, 2 * mostPoints).map(({ step, rate }) => ({ epoch: step / stepsPerEpoch, rate }));
  return renderPlot("Learning rate by epoch", {
    ...half,
    x: epochAxis(lastEpoch(history)),
    y: {
      ...valueAxis(
        "learning rate",
        points.map(({ rate }) => rate),
      ),
      ticks: 4,
      tickFormat: ".0e",
    },
    marks: [
      resumeRules(history),
      Plot.line(points, { x: "epoch", y: "rate", stroke: "var(--series-1)", strokeWidth: 1.6 }),
    ],
  });
}

/** Images per second. Undefined without steps. */
export function speedPlot(history: History): Markup | undefined {
  const bins = binSteps(history, ({ samplesPerSecond }) => samplesPerSecond);
  if (bins.length === 0) return undefined;
  return renderPlot("Images per second by epoch", {
    ...half,
    x: epochAxis(lastEpoch(history)),
    y: { ...centered, label: "images per second", grid: true, zero: true, ticks: 4 },
    marks: [
      resumeRules(history),
      Plot.areaY(bins, { x: "epoch", y1: "low", y2: "high", fill: "var(--series-6)", fillOpacity: 0.18 }),
      Plot.line(bins, { x: "epoch", y: "mean", stroke: "var(--series-6)", strokeWidth: 1.6 }),
    ],
  });
}

const mostSymbols = 10;

/** DSC of each class but the background, and their mean. Undefined without a validation. */
export function dscPlot(history: History): Markup | undefined {
  const { validations, stepsPerEpoch } = history;
  if (validations.length === 0) return undefined;
  const names = (validations[0]?.classes ?? []).slice(1).map(({ name }) => name);
  const epochOf = ({ step }: ValidationRecord) => step / stepsPerEpoch;
  const points = validations.flatMap((validation, i) =>
    validation.classes
      .slice(1)
      .flatMap(({ name, dsc }) =>
        dsc === null ? [] : [{ epoch: epochOf(validation), dsc, name, i, title: `${name}: ${dsc.toFixed(4)}` }],
      ),
  );
  const means = validations.flatMap((validation) =>
    validation.mean === null ? [] : [{ epoch: epochOf(validation), dsc: validation.mean, best: validation.best }],
  );
  const every = Math.ceil(validations.length / mostSymbols);
  const best = means.filter(({ best }) => best).slice(-1);
  const plot = renderPlot("DSC of each class on the validation images by epoch", {
    ...size,
    height: 340,
    x: epochAxis(lastEpoch(history)),
    y: { ...centered, label: "DSC", domain: [0, 1], grid: true, ticks: 5 },
    ...seriesScales(names),
    marks: [
      resumeRules(history),
      Plot.line(points, { x: "epoch", y: "dsc", z: "name", stroke: "name", strokeWidth: 1.3 }),
      Plot.dot(
        points.filter(({ i }) => i % every === 0 || i === validations.length - 1),
        { x: "epoch", y: "dsc", fill: "name", symbol: "name", r: 3.5, title: "title" },
      ),
      Plot.line(means, { x: "epoch", y: "dsc", stroke: "currentColor", strokeWidth: 2.6 }),
      Plot.dot(best, { x: "epoch", y: "dsc", r: 6, stroke: "currentColor", strokeWidth: 2, fill: "var(--background)" }),
    ],
  });
  return html`${seriesLegend(names)}${plot}`;
}

/** At most about `most` of them, evenly, the last one kept. */
function thin<T>(values: readonly T[], most: number): readonly T[] {
  const every = Math.ceil(values.length / most);
  return values.filter((_, i) => i % every === 0 || i === values.length - 1);
}
