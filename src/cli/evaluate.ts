// `atrous evaluate`: any weights of a network on the validation images of a configuration.

import { basename, dirname } from "node:path";
import type { Command } from "commander";
import type { Gpu } from "../index.ts";
import { type MeasureOptions, writeFileAtomic } from "../node.ts";
import type { classAreas as ClassAreas, Dataset, Evaluation, MaskMetrics, TrainConfig } from "../train/index.ts";
import { emptyIsPerfectOption, type MeasureFlags, toleranceOption } from "./arguments.ts";
import { withNulls } from "./json.ts";
import { requireDistinct, requireNewFile } from "./output.ts";
import type { GlobalOptions, Session } from "./session.ts";
import { formatFacts, formatMeasure, formatTable } from "./table.ts";

interface EvaluateFlags extends GlobalOptions, MeasureFlags {
  readonly weights?: string;
  readonly csv?: string;
  readonly csvVolumes?: string;
  readonly html?: string;
  readonly json?: true;
}

/** Loaded when it is used: other commands start without it. */
const loadTrain = () => import("../train/index.ts");

export function addEvaluate(program: Command, session: Session): void {
  program
    .command("evaluate")
    .description("Measure weights on the validation images: overlap and distances.")
    .argument("<CONFIG.json>", "configuration of a training; see atrous train --schema")
    .option("--weights <file>", "weights or a checkpoint (default: the best of the output folder)")
    .option("--csv <file>", "also write a row for each image and class")
    .option("--csv-volumes <file>", "also write rows for each volume, its thirds and classes")
    .addOption(toleranceOption())
    .addOption(emptyIsPerfectOption())
    .option("--html <file>", "also write a report with the worst and the best images")
    .option("--json", "print JSON on standard output")
    .addHelpText(
      "after",
      `
A class that neither prediction nor labels have is undefined ("-", null, an
empty field) and has no part in means; means are over the classes but the
background. Labels that are sets of classes count where the set decides; those
of volumes within 0.001 of a whole number are that number.

Distances are in mm, at the pixel size that the network sees: of the surfaces of
each volume, weighted by area, else of the contours of each image. HD95 is the
95 % Hausdorff distance, ASSD the average one. --json, --csv and --html also
have the largest one, NSD (surface Dice at the tolerance), specificity and
volume difference. Where only prediction or only labels have a class, it has no
distance. Thirds are those of the slices that hold the labels. Pictures of a
subject are a volume without distances. CONFIG.json has the defaults of
--tolerance and --empty-is-perfect: validation.toleranceMm, .emptyIsPerfect.

Examples:
  $ atrous evaluate lumbar.json
  $ atrous evaluate lumbar.json --weights other.safetensors --csv images.csv
  $ atrous evaluate lumbar.json --html report.html --json`,
    )
    .action(async (path: string, _, command: Command) => {
      await runEvaluate(session, path, command.optsWithGlobals<EvaluateFlags>());
    });
}

async function runEvaluate(session: Session, path: string, flags: EvaluateFlags): Promise<void> {
  const { bestWeights, classAreas, imageRows, loadReports, openTrainData, readTrainConfig, volumeRows, writeCsv } =
    await loadTrain();
  const config = await readTrainConfig(path);
  const base = dirname(path);
  const weights = flags.weights ?? bestWeights(config, base);
  const files = [flags.csv, flags.csvVolumes, flags.html];
  for (const file of files) if (file !== undefined) await requireNewFile(file, [path, weights]);
  await requireDistinct(files);
  const { validation: dataset } = await openTrainData(config, base);
  const { evaluation, adapter } = await session.withGpu(flags, async (gpu) => ({
    evaluation: await evaluateOn(session, gpu, config, {
      dataset,
      weights,
      measures: { toleranceMm: flags.tolerance, emptyIsPerfect: flags.emptyIsPerfect },
      overlays: flags.html !== undefined,
    }),
    adapter: gpu.adapter.driver,
  }));
  const { result, measures, overlays } = evaluation;
  const write = (file: string, text: string) => writeFileAtomic(file, new TextEncoder().encode(text));
  if (flags.csv !== undefined) await write(flags.csv, writeCsv(imageRows(result)));
  if (flags.csvVolumes !== undefined) await write(flags.csvVolumes, writeCsv(volumeRows(result)));
  if (flags.html !== undefined) {
    const { renderEvaluationReport } = await loadReports();
    const facts = { Adapter: adapter, Weights: weights, Configuration: path };
    await write(
      flags.html,
      renderEvaluationReport({ name: basename(weights), facts, config, result, measures, overlays }),
    );
  }
  const origin = { config: path, weights, adapter };
  if (flags.json) session.printJson(asJson(evaluation, origin, classAreas));
  else session.print(asText(evaluation, origin, files));
}

interface Given {
  readonly dataset: Dataset;
  readonly weights: string;
  readonly measures: MeasureOptions;
  readonly overlays: boolean;
}

async function evaluateOn(session: Session, gpu: Gpu, config: TrainConfig, given: Given): Promise<Evaluation> {
  const { evaluate } = await loadTrain();
  const [compiling, segmenting] = [session.progress("preparing kernels"), session.progress("segmenting images")];
  const onCompile = (done: number, total: number) => {
    compiling.update(done, total);
    if (done === total) compiling.stop();
  };
  try {
    return await evaluate(gpu, config, { ...given, onCompile, onProgress: segmenting.update });
  } finally {
    compiling.stop();
    segmenting.stop();
  }
}

interface EvaluationOrigin {
  readonly config: string;
  readonly weights: string;
  readonly adapter: string;
}

/** What is undefined is null. */
function asJson({ result, measures }: Evaluation, origin: EvaluationOrigin, areasOf: typeof ClassAreas): unknown {
  const { mean, distancesPer, classes, images, volumes, subjects } = result;
  return withNulls({
    ...origin,
    measures: { ...measures, distancesPer },
    mean,
    classes: classes.map(({ counts, ...rest }) => ({ ...rest, ...counts })),
    images: images.map((image) => ({
      id: image.id,
      subject: image.subject,
      spacingMm: image.spacingMm,
      mean: image.mean,
      classes: image.classes.map((metrics, c) => ({ ...metrics, ...areasOf(image, c) })),
    })),
    volumes,
    subjects,
  });
}

function asText(
  { result, measures }: Evaluation,
  { weights, adapter }: EvaluationOrigin,
  files: readonly (string | undefined)[],
): string {
  const { classes, mean, images, distancesPer, volumes } = result;
  const row = (name: string, metrics: MaskMetrics, rest: readonly string[]) => [
    name,
    ...[metrics.dsc, metrics.iou, metrics.precision, metrics.recall].map((value) => formatMeasure(value)),
    ...[metrics.hausdorff95, metrics.assd].map((value) => formatMeasure(value, 2)),
    ...rest,
  ];
  const titles = ["DSC", "IoU", "precision", "recall", "HD95", "ASSD", "DSC per image", "images"];
  const rows = [
    ...classes.map((result) => row(result.name, result, [formatMeasure(result.perImage.dsc), `${result.images}`])),
    row("mean", mean, []),
  ];
  const facts = {
    weights,
    adapter,
    images: `${images.length}`,
    ...(distancesPer === "volume" && { volumes: `${volumes.length}` }),
    "pixel size": pixelSizes(images.map(({ spacingMm }) => spacingMm)),
  };
  const columns = [{ title: "class" }, ...titles.map((title) => ({ title, align: "right" as const }))];
  const written = files.filter((file) => file !== undefined).map((file) => `wrote ${file}`);
  const notes = [
    `mean: over the classes but the background; ${measures.emptyIsPerfect ? "a class that is nowhere is perfect" : "-: undefined, no part in means"}`,
    `HD95, ASSD: in mm, means over the ${distancesPer}s where both have the class, of its ${distancesPer === "volume" ? "surface" : "contour"}`,
    ...written,
  ];
  return [
    formatFacts(facts),
    formatTable(
      columns,
      rows.map((cells) => columns.map((_, i) => cells[i] ?? "")),
    ),
    notes.join("\n"),
  ].join("\n\n");
}

/** `1 x 1 mm`, or from the smallest to the largest. */
function pixelSizes(sizes: readonly (readonly [number, number] | undefined)[]): string {
  const known = sizes.filter((size) => size !== undefined);
  if (known.length === 0) return "unknown";
  const range = (axis: 0 | 1) => {
    const sides = known.map((size) => Number(size[axis].toFixed(3)));
    const [least, most] = [Math.min(...sides), Math.max(...sides)];
    return least === most ? `${least}` : `${least}-${most}`;
  };
  return `${range(0)} x ${range(1)} mm`;
}
