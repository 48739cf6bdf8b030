// `atrous evaluate`: any weights of a network on the validation images of a configuration.

import { basename, dirname } from "node:path";
import type { Command } from "commander";
import type { Gpu } from "../index.ts";
import { writeFileAtomic } from "../node.ts";
import type { ClassMetrics, Dataset, Evaluation, TrainConfig, ValidationResult } from "../train/index.ts";
import { requireDistinct, requireNewFile } from "./output.ts";
import type { GlobalOptions, Session } from "./session.ts";
import { formatFacts, formatTable } from "./table.ts";

interface EvaluateFlags extends GlobalOptions {
  readonly weights?: string;
  readonly csv?: string;
  readonly html?: string;
  readonly json?: true;
}

/** Loaded when it is used: other commands start without it. */
const loadTrain = () => import("../train/index.ts");

export function addEvaluate(program: Command, session: Session): void {
  program
    .command("evaluate")
    .description("Measure weights on the validation images: DSC, IoU, precision, recall.")
    .argument("<CONFIG.json>", "configuration of a training; see atrous train --schema")
    .option("--weights <file>", "weights or a checkpoint (default: the best of the output folder)")
    .option("--csv <file>", "also write a row for each image and class")
    .option("--html <file>", "also write a report with the worst and the best images")
    .option("--json", "print JSON on standard output")
    .addHelpText(
      "after",
      `
A class that neither prediction nor labels have is undefined ("-", null, an
empty field) and has no part in means; means are over the classes but the
background. Labels that are sets of classes count where the set decides; those
of volumes within 0.001 of a whole number are that number.

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
  const { bestWeights, imageRows, loadReports, openTrainData, readTrainConfig, writeCsv } = await loadTrain();
  const config = await readTrainConfig(path);
  const base = dirname(path);
  const weights = flags.weights ?? bestWeights(config, base);
  for (const file of [flags.csv, flags.html]) if (file !== undefined) await requireNewFile(file, [path, weights]);
  await requireDistinct([flags.csv, flags.html]);
  const { validation: dataset } = await openTrainData(config, base);
  const { evaluation, adapter } = await session.withGpu(flags, async (gpu) => ({
    evaluation: await evaluateOn(session, gpu, config, { dataset, weights, overlays: flags.html !== undefined }),
    adapter: gpu.adapter.driver,
  }));
  const { result, overlays } = evaluation;
  const write = (file: string, text: string) => writeFileAtomic(file, new TextEncoder().encode(text));
  if (flags.csv !== undefined) await write(flags.csv, writeCsv(imageRows(result)));
  if (flags.html !== undefined) {
    const { renderEvaluationReport } = await loadReports();
    const facts = { Adapter: adapter, Weights: weights, Configuration: path };
    await write(flags.html, renderEvaluationReport({ name: basename(weights), facts, config, result, overlays }));
  }
  const origin = { config: path, weights, adapter };
  if (flags.json) session.printJson(asJson(result, origin));
  else session.print(asText(result, origin, [flags.csv, flags.html]));
}

interface Given {
  readonly dataset: Dataset;
  readonly weights: string;
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
function asJson({ classes, mean, images }: ValidationResult, origin: EvaluationOrigin): object {
  const metrics = ({ dsc, iou, precision, recall }: ClassMetrics) => ({
    dsc: dsc ?? null,
    iou: iou ?? null,
    precision: precision ?? null,
    recall: recall ?? null,
  });
  return {
    ...origin,
    mean: metrics(mean),
    classes: classes.map(({ name, counts, perImage, images, ...pooled }) => ({
      name,
      ...metrics(pooled),
      ...counts,
      perImage: metrics(perImage),
      images,
    })),
    images: images.map(({ id, subject, mean, classes }) => ({
      id,
      subject,
      mean: metrics(mean),
      classes: classes.map(metrics),
    })),
  };
}

function asText(
  { classes, mean, images }: ValidationResult,
  { weights, adapter }: EvaluationOrigin,
  files: readonly (string | undefined)[],
): string {
  const format = (value: number | undefined) => value?.toFixed(4) ?? "-";
  const row = (name: string, { dsc, iou, precision, recall }: ClassMetrics, rest: readonly string[]) => [
    name,
    ...[dsc, iou, precision, recall].map(format),
    ...rest,
  ];
  const titles = ["DSC", "IoU", "precision", "recall", "DSC per image", "images"];
  const rows = [
    ...classes.map((result) => row(result.name, result, [format(result.perImage.dsc), `${result.images}`])),
    row("mean", mean, []),
  ];
  const facts = { weights, adapter, images: `${images.length}` };
  const columns = [{ title: "class" }, ...titles.map((title) => ({ title, align: "right" as const }))];
  const written = files.filter((file) => file !== undefined).map((file) => `wrote ${file}`);
  const notes = ["mean: over the classes but the background; -: undefined, no part in means", ...written];
  return [
    formatFacts(facts),
    formatTable(
      columns,
      rows.map((cells) => columns.map((_, i) => cells[i] ?? "")),
    ),
    notes.join("\n"),
  ].join("\n\n");
}
