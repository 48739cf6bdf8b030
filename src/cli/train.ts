// `atrous train`: a network trained as a configuration says.

import { dirname } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../index.ts";
import { writeFileAtomic } from "../node.ts";
import type { Train, TrainConfig, TrainSummary } from "../train/index.ts";
import { requireNewFile } from "./output.ts";
import type { GlobalOptions, Session } from "./session.ts";
import { TrainProgress } from "./train-progress.ts";

interface TrainFlags extends GlobalOptions {
  readonly resume?: true;
  readonly schema?: true;
  readonly preview?: string;
}

/** Loaded when it is used: other commands start without it. */
const loadTrain = () => import("../train/index.ts");

const previewCount = 12;

/** Ctrl+C, a scheduler that wants the machine, a terminal that is closed. */
const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Tests hand in a trainer of their own. */
export function addTrain(
  program: Command,
  session: Session,
  loadTrainer: () => Promise<{ readonly train: Train }> = loadTrain,
): void {
  program
    .command("train")
    .description("Train a network; checkpoints, log and report go to the output folder.")
    .argument("[CONFIG.json]", "what to train, on what, and how; see --schema")
    .option("--resume", "go on from the last checkpoint of the output folder")
    .option("--preview <png>", "draw the first images as the training sees them, and train nothing")
    .option("--schema", "print the JSON Schema of CONFIG.json, for editors")
    .addHelpText(
      "after",
      `
Everything but "data" has a default; all of them together are the training of
the lumbar MSFF paper. Paths in CONFIG.json are relative to it; it may have
comments, from // to the end of a line. Ctrl+C, SIGTERM and SIGHUP write a
checkpoint and end the training; a second one kills it.

Exit codes: 0 trained to the end, 1 interrupted, 2 bad usage or input.

Examples:
  $ atrous train --schema > train.schema.json
  $ atrous train lumbar.json --preview images.png
  $ atrous train lumbar.json
  $ atrous train lumbar.json --resume`,
    )
    .action(async (path: string | undefined, _, command: Command) => {
      const flags = command.optsWithGlobals<TrainFlags>();
      const { readTrainConfig, trainConfigSchema } = await loadTrain();
      if (flags.schema) return session.printJson(trainConfigSchema());
      if (path === undefined) throw new UsageError("train: CONFIG.json is missing; see atrous train --help");
      const config = await readTrainConfig(path);
      if (flags.preview !== undefined) return preview(session, { path, config, picture: flags.preview });
      const { train } = await loadTrainer();
      await runTrain(session, train, { path, config, flags });
    });
}

interface Given {
  readonly path: string;
  readonly config: TrainConfig;
}

async function runTrain(
  session: Session,
  train: Train,
  { path, config, flags }: Given & { readonly flags: TrainFlags },
): Promise<void> {
  const progress = new TrainProgress(session.streams.stderr);
  const interruption = new AbortController();
  const ignore = () => {
    for (const signal of endings) process.removeListener(signal, interrupt);
  };
  // Once: a second one finds no listener and ends the process.
  const interrupt = () => {
    ignore();
    interruption.abort();
  };
  for (const signal of endings) process.on(signal, interrupt);
  const { onEvent } = progress;
  const options = { base: dirname(path), resume: flags.resume ?? false, onEvent, signal: interruption.signal };
  try {
    const summary = await session.withGpu(flags, (gpu) => train(gpu, config, options));
    progress.stop();
    report(session, path, summary);
    session.exitCode = summary.reason === "interrupted" ? 1 : 0;
  } finally {
    progress.stop();
    ignore();
  }
}

function report(session: Session, path: string, { reason, step, bestDsc, files }: TrainSummary): void {
  const best = bestDsc === null ? "" : `, best mean DSC ${bestDsc.toFixed(4)}`;
  session.print(`${reason} after step ${step}${best}`);
  for (const file of files) session.print(`wrote ${file}`);
  if (reason === "interrupted") session.print(`go on with: atrous train ${path} --resume`);
}

/** The first images of the first epoch, augmented. */
async function preview(
  session: Session,
  { path, config, picture }: Given & { readonly picture: string },
): Promise<void> {
  await requireNewFile(picture, [path]);
  const { encodePreview, openTrainData, previewSamples } = await loadTrain();
  const { train } = await openTrainData(config, dirname(path));
  const samples = await previewSamples(train, { seed: config.seed, epoch: 0, count: previewCount });
  await writeFileAtomic(picture, encodePreview(samples, path, config.classNames));
  session.print(`wrote ${picture}`);
}
