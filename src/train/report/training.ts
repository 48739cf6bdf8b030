// A training as one HTML page that loads nothing: curves, metrics of each class, the worst and the best images, the configuration.
import { sortableTable } from "../../report/html-table.ts";
import { html, type Markup } from "../../report/markup.ts";
import { renderPage } from "../../report/page.ts";
import type { TrainConfig } from "../config/config.ts";
import { recordedMetrics, type StartRecord, type TrainRecord, type ValidationRecord } from "../loop/record.ts";
import { dscPlot, type History, lossPlot, ratePlot, readHistory, speedPlot } from "./curves.ts";
import type { Overlays } from "./overlay.ts";
import {
  configSection,
  factList,
  formatMetric,
  metricColumn,
  metricTitles,
  overlaySection,
  textColumn,
  undefinedNote,
} from "./sections.ts";

/** What the page about a training shows. */
export interface TrainingReport {
  /** What was trained, such as the configuration's file name. */
  readonly name: string;
  readonly config: TrainConfig;
  readonly log: readonly TrainRecord[];
  /** Names of the classes, background first. */
  readonly classes: readonly string[];
  /** Of the validation images, segmented by the best weights. */
  readonly overlays: Overlays;
}

/** The whole document. Every string is escaped. */
export function renderTrainingReport({ name, config, log, classes, overlays }: TrainingReport): string {
  const history = readHistory(log);
  return renderPage(
    `atrous train, ${name}`,
    html`<h1>Training of ${name}</h1>
${warnings(log, history)}
${factList(facts(config, log, history))}
<h2>Loss</h2>
${figure(lossPlot(history), "Line: mean; band: from the least to the largest loss of the steps together. Dashed rules: resumed.", "No step was recorded.")}
${sideBySide(history)}
<h2>Validation</h2>
${figure(dscPlot(history), "Thick: mean over the classes but the background; circle: the best one.", "There was no validation.")}
${classTable(history)}
<h2>Validation images</h2>
${overlaySection(overlays, classes)}
${configSection(config)}`,
  );
}

function warnings(log: readonly TrainRecord[], { steps }: History): Markup[] {
  const begun = log.findLast(isBegin);
  const diverged = steps.filter(({ loss }) => loss === null);
  const stop = log.findLast((record) => record.kind === "stop");
  const texts = [
    ...(begun?.adapterKind === "software" ? ["SOFTWARE adapter: images per second are not a GPU's."] : []),
    ...(diverged.length > 0
      ? [`Diverged: the loss of ${diverged.length} steps is no finite number, first at step ${diverged[0]!.step}.`]
      : []),
    ...(stop?.reason === "failed" ? [`Failed: ${stop.message ?? "for no stated reason"}`] : []),
  ];
  return texts.map((text) => html`<p class="warning">${text}</p>`);
}

function facts(
  config: TrainConfig,
  log: readonly TrainRecord[],
  { steps, validations }: History,
): Record<string, string> {
  const begun = log.findLast(isBegin);
  const stop = log.findLast((record) => record.kind === "stop");
  const best = bestOf(validations);
  const speeds = steps.map(({ samplesPerSecond }) => samplesPerSecond).sort((a, b) => a - b);
  const waited = steps.reduce((sum, { waitedMs }) => sum + waitedMs, 0);
  const spent = steps.reduce((sum, { samplesPerSecond }) => sum + (1000 * config.batch) / samplesPerSecond, 0);
  return {
    Network: `${config.network.name}, ${config.network.classes} classes, ${config.precision}`,
    ...(begun && {
      Adapter: begun.driver,
      Begun: `${formatDate(log.find(isBegin)?.date ?? begun.date)}, atrous ${begun.version}`,
    }),
    ...(begun?.plannedBytes && {
      Memory: `${(begun.plannedBytes / 1e6).toPrecision(3)} MB planned between the layers`,
    }),
    Steps: `${steps.at(-1)?.step ?? 0}${begun ? ` of ${begun.steps}, ${begun.stepsPerEpoch} an epoch` : ""}`,
    Ended: stop ? `${stop.reason}, ${formatDate(stop.date)}` : "not yet, or killed",
    ...(best && { "Best mean DSC": `${formatMetric(best.mean)} after epoch ${best.epoch + 1}` }),
    ...(speeds.length > 0 && {
      Speed: `${(speeds[speeds.length >> 1] ?? 0).toPrecision(3)} images per second (median), ${((100 * waited) / spent).toFixed(1)} % of the time waiting for data`,
    }),
  };
}

function isBegin(record: TrainRecord): record is StartRecord {
  return record.kind === "start" || record.kind === "resume";
}

function bestOf(validations: readonly ValidationRecord[]): ValidationRecord | undefined {
  return validations.findLast(({ best }) => best);
}

function sideBySide(history: History): Markup | undefined {
  const [rate, speed] = [ratePlot(history), speedPlot(history)];
  if (!rate || !speed) return undefined;
  return html`<div class="side-by-side"><div><h3>Learning rate</h3>${rate}</div><div><h3>Speed</h3>${speed}</div></div>`;
}

function figure(chart: Markup | undefined, caption: string, otherwise: string): Markup {
  if (!chart) return html`<p class="note">${otherwise}</p>`;
  return html`<figure>${chart}<figcaption>${caption}</figcaption></figure>`;
}

/** Metrics of the best and of the last validation beside each other. */
function classTable({ validations }: History): Markup | undefined {
  const last = validations.at(-1);
  if (!last) return undefined;
  const best = bestOf(validations) ?? last;
  const rows = last.classes.map((metrics, c) => ({ name: metrics.name, last: metrics, best: best.classes[c]! }));
  const columns = [
    textColumn<(typeof rows)[number]>("class", ({ name }) => name),
    ...recordedMetrics.map((name) =>
      metricColumn<(typeof rows)[number]>(`best ${metricTitles[name]}`, (row) => row.best[name]),
    ),
    ...recordedMetrics.map((name) =>
      metricColumn<(typeof rows)[number]>(`last ${metricTitles[name]}`, (row) => row.last[name]),
    ),
  ];
  return html`<h3>Classes</h3>
<p class="note">Over the pixels of all validation images: best after epoch ${best.epoch + 1} (mean DSC ${formatMetric(best.mean)}), last after epoch ${last.epoch + 1} (${formatMetric(last.mean)}). Means are over the classes but the background. ${undefinedNote}</p>
${sortableTable(columns, rows)}`;
}

function formatDate(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
