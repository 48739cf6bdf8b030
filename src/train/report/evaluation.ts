// An evaluation as one HTML page that loads nothing: metrics of each class and each image, the worst and the best images.
import { type Column, sortableTable } from "../../report/html-table.ts";
import { html, type Markup } from "../../report/markup.ts";
import { renderPage } from "../../report/page.ts";
import { Plot, renderPlot, textWidth } from "../../report/plot.ts";
import { type MaskMetricName, maskMetricNames } from "../../segment/mask-metrics.ts";
import type { MeasureOptions } from "../../segment/surface-metrics.ts";
import type { TrainConfig } from "../config/config.ts";
import type { ClassResult, ImageResult, SubjectResult, ValidationResult } from "../loop/results.ts";
import type { Overlays } from "./overlay.ts";
import {
  configSection,
  factList,
  formatMetric,
  metricColumn,
  metricTitles,
  numberColumn,
  overlaySection,
  textColumn,
  undefinedNote,
} from "./sections.ts";

/** What the page about an evaluation shows. */
export interface EvaluationReport {
  /** What was evaluated, such as the weights' file name. */
  readonly name: string;
  /** Adapter, weights, ...: whatever the reader should know, by name. */
  readonly facts: Readonly<Record<string, string>>;
  readonly config: TrainConfig;
  readonly result: ValidationResult;
  readonly measures: Required<MeasureOptions>;
  readonly overlays: Overlays;
}

/** The whole document. Every string is escaped. */
export function renderEvaluationReport({ name, facts, config, result, measures, overlays }: EvaluationReport): string {
  const { classes, mean, images } = result;
  return renderPage(
    `atrous evaluate, ${name}`,
    html`<h1>Evaluation of ${name}</h1>
${factList({ ...facts, Images: `${images.length}`, "Mean DSC": formatMetric(mean.dsc) })}
<h2>Classes</h2>
<p class="note">Over the pixels of all images together; per image: the mean of the images' own DSC. Means are over the classes but the background. ${distanceNote(result, measures)} ${measures.emptyIsPerfect ? "A class that is neither predicted nor labelled counts as perfect." : undefinedNote}</p>
${sortableTable(classColumns, classes)}
${dscByClass(result)}
${volumeSection(result)}
${subjectSection(result)}
<h2>Images</h2>
${overlaySection(
  overlays,
  classes.map((result) => result.name),
)}
<p class="note">A click on a title sorts.</p>
${sortableTable(imageColumns(classes), images)}
${configSection(config)}`,
  );
}

const classColumns: Column<ClassResult>[] = [
  textColumn("class", ({ name }) => name),
  ...maskMetricNames.map((name) => metricColumn<ClassResult>(metricTitles[name], (row) => row[name])),
  metricColumn("DSC per image", ({ perImage }) => perImage.dsc),
  numberColumn("images with it", ({ images }) => images),
  numberColumn("with distances", ({ measured }) => measured),
];

function imageColumns(classes: readonly ClassResult[]): Column<ImageResult>[] {
  return [
    textColumn("image", ({ id }) => id),
    textColumn("subject", ({ subject }) => subject),
    metricColumn("mean DSC", ({ mean }) => mean.dsc),
    ...classes
      .slice(1)
      .map(({ name }, i) => metricColumn<ImageResult>(`DSC ${name}`, (row) => row.classes[i + 1]?.dsc)),
    metricColumn("mean HD95 mm", ({ mean }) => mean.hausdorff95),
    metricColumn("mean ASSD mm", ({ mean }) => mean.assd),
  ];
}

/** What distances are between, and what they are means over. */
function distanceNote({ distancesPer }: ValidationResult, { toleranceMm }: MeasureOptions): string {
  const of = distancesPer === "volume" ? "surfaces of volumes" : "contours in images";
  return `HD: largest (Hausdorff) distance of ${of}, HD95: that within which 95 % lie, ASSD: the average one, NSD: share within ${toleranceMm} mm; each the mean over the ${distancesPer}s that have the class.`;
}

const volumeMetrics = [
  "dsc",
  "volumeDifference",
  "hausdorff95",
  "assd",
  "surfaceDice",
] as const satisfies readonly MaskMetricName[];

/** Each subject, where it is more than one volume. */
function subjectSection({ subjects, volumes }: ValidationResult): Markup | undefined {
  if (subjects.length === volumes.length) return undefined;
  const columns = [
    textColumn<SubjectResult>("subject", ({ subject }) => subject),
    numberColumn<SubjectResult>("images", ({ images }) => images),
    ...(["dsc", "iou", "volumeDifference", "hausdorff95", "assd"] as const).map((name) =>
      metricColumn<SubjectResult>(`mean ${metricTitles[name]}`, ({ mean }) => mean[name]),
    ),
  ];
  return html`<h2>Subjects</h2>
<p class="note">All images of a subject together, means over the classes but the background.</p>
${sortableTable(columns, subjects)}`;
}

/** Each class of each volume, and of subjects whose images are pictures, with its thirds. */
function volumeSection({ volumes, classes }: ValidationResult): Markup | undefined {
  if (volumes.length === 0) return undefined;
  const rows = volumes.flatMap(({ id, subject, slices, classes: metrics }) =>
    metrics.slice(1).map((found, n) => ({ id, subject, slices, name: classes[n + 1]!.name, found })),
  );
  type Row = (typeof rows)[number];
  const columns = [
    textColumn<Row>("volume", ({ id }) => id),
    textColumn<Row>("subject", ({ subject }) => subject),
    numberColumn<Row>("slices", ({ slices }) => slices),
    textColumn<Row>("class", ({ name }) => name),
    ...volumeMetrics.map((name) => metricColumn<Row>(metricTitles[name], ({ found }) => found[name])),
    ...["first", "middle", "last"].flatMap((third, t) => [
      metricColumn<Row>(`DSC, ${third} third`, ({ found }) => found.thirds[t]?.dsc),
      metricColumn<Row>(`HD95 mm, ${third} third`, ({ found }) => found.thirds[t]?.hausdorff95),
    ]),
  ];
  return html`<h2>Volumes</h2>
<p class="note">Thirds are those of the slices that hold the labels of the class. Pictures of one subject are one volume, without distances.</p>
${sortableTable(columns, rows)}`;
}

/** The DSC of every image, a row of ticks for each class. */
function dscByClass({ classes, images }: ValidationResult): Markup | undefined {
  const names = classes.slice(1).map(({ name }) => name);
  const points = names.flatMap((name, i) =>
    images.flatMap(({ id, classes }) => {
      const dsc = classes[i + 1]?.dsc;
      return dsc === undefined ? [] : [{ name, dsc, title: `${id}: ${formatMetric(dsc)}` }];
    }),
  );
  if (points.length === 0) return undefined;
  const plot = renderPlot("DSC of each image by class", {
    width: 960,
    height: 60 + 26 * names.length,
    marginLeft: 16 + Math.max(...names.map(textWidth)),
    marginRight: 16,
    marginBottom: 40,
    x: { label: "DSC", labelAnchor: "center", domain: [0, 1], grid: true },
    y: { label: null, domain: names, padding: 0.3 },
    marks: [
      Plot.tickX(points, { x: "dsc", y: "name", stroke: "var(--series-1)", strokeOpacity: 0.45, title: "title" }),
      Plot.tickX(points, Plot.groupY({ x: "median" }, { x: "dsc", y: "name", stroke: "currentColor", strokeWidth: 3 })),
    ],
  });
  return html`<figure>${plot}<figcaption>Each image is a tick; the bold one is the median.</figcaption></figure>`;
}
