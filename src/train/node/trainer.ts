// The training loop: batches from the data, steps on the device, validations, checkpoints, the log, the report. All that decides
// what is computed lies in the configuration and the checkpoint, so that a training that was killed goes on bit-identically.
import { existsSync } from "node:fs";
import { version } from "../../../package.json";
import { DeviceError, UsageError } from "../../errors.ts";
import { openTensors } from "../../formats/open-tensors.ts";
import { fileSource } from "../../formats/source/file.ts";
import { removeTorn, writeFileAtomic } from "../../formats/write-file.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { callback, checkOptions, flag, record, word } from "../../options.ts";
import type { TrainConfig } from "../config/config.ts";
import { startOf } from "../config/start.ts";
import { BatchLoader } from "../data/index.ts";
import type { CheckpointEvent, TrainEvent, TrainOptions, TrainSummary } from "../loop/progress.ts";
import type { StopRecord, TrainRecord, ValidationRecord } from "../loop/record.ts";
import type { ValidationResult } from "../loop/results.ts";
import { TrainingRun } from "../loop/training-run.ts";
import { type Checkpoint, loadCheckpoint, requireFinite, saveCheckpoint } from "./checkpoint.ts";
import { digestOfData } from "./data-digest.ts";
import { evaluate } from "./evaluate.ts";
import { lockFolder } from "./lock.ts";
import { createLog, type LogWriter, readLog, resumeLog } from "./log.ts";
import { modelMetadata } from "./model-metadata.ts";
import { openTrainData } from "./open-data.ts";
import type { OpenedData } from "./open-dataset.ts";
import { createFolder, filesOf, removeEmpty, requireTrainingIs } from "./output-folder.ts";
import { within } from "./paths.ts";

/**
 * Trains what a configuration says: see `TrainConfig`. Rejects with UsageError for a folder that holds another training or that
 * another process trains in, with FormatError for data, weights and checkpoints that do not fit or are damaged, and with DeviceError.
 * Where it cannot begin it leaves nothing behind. A device that is lost is opened again, where `openGpu` opened it.
 */
export async function train(gpu: Gpu, config: TrainConfig, options: TrainOptions): Promise<TrainSummary> {
  const { base = ".", resume = false } = checkOptions("train", options, {
    base: word,
    resume: flag,
    onEvent: callback,
    signal: record,
  });
  const folder = within(base, config.output);
  requireTrainingIs(resume, folder);
  const created = await createFolder(folder);
  try {
    const lock = lockFolder(folder);
    try {
      // Another process may have come before.
      requireTrainingIs(resume, folder);
      return await trainThroughLosses(folder, { gpu, config, options });
    } finally {
      lock.release();
    }
  } finally {
    await removeEmpty(folder, created);
  }
}

type Asked = Pick<Parts, "gpu" | "config" | "options">;

/** Without a new checkpoint between them: then the device is lost for what this training does. */
const mostLosses = 3;

/** Goes back to the last checkpoint where the device was lost, or to the start where there is none; what follows has the same bits. */
async function trainThroughLosses(folder: string, asked: Asked): Promise<TrainSummary> {
  const { gpu, options } = asked;
  let [losses, saved] = [0, 0];
  const onEvent = (event: TrainEvent) => {
    if (event.kind === "checkpoint" && event.step > saved) [losses, saved] = [0, event.step];
    options.onEvent?.(event);
  };
  let { resume = false } = options;
  for (;;) {
    try {
      return await trainIn(folder, { ...asked, options: { ...options, resume, onEvent } });
    } catch (error) {
      const isLost = error instanceof DeviceError && error.kind === "lost";
      if (!isLost || ++losses > mostLosses) throw error;
      await gpu.reopen();
      onEvent({ kind: "device-lost", message: error.message });
      resume = existsSync(filesOf(folder).last);
    }
  }
}

async function trainIn(folder: string, { gpu, config, options }: Asked): Promise<TrainSummary> {
  const { base = ".", resume = false } = options;
  const files = filesOf(folder);
  let log: LogWriter | undefined;
  let run: TrainingRun | undefined;
  let loader: BatchLoader | undefined;
  try {
    const data = await openTrainData(config, base);
    await removeTorn(folder);
    const checkpoint = resume ? await readCheckpoints(files, config) : undefined;
    const dataDigest = await digestOfData(data.train, data.validation);
    if (checkpoint && checkpoint.dataDigest !== dataDigest) {
      throw new UsageError(
        `${files.last}: is of other data: data.sources or data.split name other images or labels than it began with`,
      );
    }
    const { imageSize } = data.train;
    const start = checkpoint ? undefined : startOf(config);
    const weights = start && (await openTensors(await fileSource(within(base, start.file))));
    run = await TrainingRun.create(gpu, config, { imageSize, dataDigest, weights, checkpoint }).finally(() =>
      weights?.close(),
    );
    loader = new BatchLoader(data.train, {
      batch: config.batch,
      seed: config.seed,
      channels: 1,
      workers: config.workers,
    });
    log = checkpoint ? await resumeLog(files.log, checkpoint.step) : await createLog(files.log);
    const trainer = new Trainer({ gpu, config, options, files, data, run, loader, log });
    return await trainer.train(checkpoint ? "resume" : "start");
  } finally {
    log?.close();
    await loader?.dispose();
    await run?.dispose();
  }
}

/** The one to go on from. The best weights, which the report is drawn with, are read too: hours later is too late to learn of it. */
async function readCheckpoints({ last, best }: ReturnType<typeof filesOf>, config: TrainConfig): Promise<Checkpoint> {
  const checkpoint = await loadCheckpoint(last, config);
  requireFinite(last, checkpoint);
  if (checkpoint.best) await loadCheckpoint(best, config);
  return checkpoint;
}

interface Parts {
  readonly gpu: Gpu;
  readonly config: TrainConfig;
  readonly options: TrainOptions;
  readonly files: ReturnType<typeof filesOf>;
  readonly data: OpenedData;
  readonly run: TrainingRun;
  readonly loader: BatchLoader;
  readonly log: LogWriter;
}

/** A training that is killed loses no more than this, and what it computed since is computed again. */
const longestUnsavedMs = 120_000;

class Trainer {
  readonly #parts: Parts;
  #savedAt = performance.now();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async train(begin: "start" | "resume"): Promise<TrainSummary> {
    const { gpu, config, run, loader } = this.#parts;
    const { description, driver, kind } = gpu.adapter;
    this.#record({
      kind: begin,
      ...this.#place(),
      adapter: description,
      driver,
      adapterKind: kind,
      date: new Date().toISOString(),
      version,
      steps: config.epochs * loader.batchesPerEpoch,
      stepsPerEpoch: loader.batchesPerEpoch,
      plannedBytes: run.memory.activationBytes,
    });
    let reason: StopRecord["reason"];
    const start = startOf(config);
    if (start && run.random.length > 0) {
      this.#emit({ kind: "random-weights", file: start.file, names: run.random });
    }
    try {
      if (begin === "start") await this.#save("last");
      reason = await this.#epochs();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#record({ kind: "stop", ...this.#place(), date: new Date().toISOString(), reason: "failed", message });
      throw error;
    }
    this.#record({ kind: "stop", ...this.#place(), date: new Date().toISOString(), reason });
    const report = reason === "interrupted" ? [] : [await this.#report()];
    const { best, last, log } = this.#parts.files;
    const bestDsc = run.best?.metric === "dsc" ? run.best.value : null;
    return { reason, step: run.step, bestDsc, files: [last, ...(run.best ? [best] : []), log, ...report] };
  }

  async #epochs(): Promise<StopRecord["reason"]> {
    const { config, run, data } = this.#parts;
    while (run.epoch < config.epochs) {
      if (run.isStale) return "early-stopping";
      const isWhole = await this.#epoch();
      const done = run.epoch + 1;
      const isDue = done % config.validation.every === 0 || done === config.epochs;
      if (isWhole && isDue && data.validation.size > 0) await this.#validate();
      if (isWhole) run.endEpoch();
      await this.#save("last");
      if (this.#parts.options.signal?.aborted) return "interrupted";
    }
    return "finished";
  }

  /** Takes the steps of an epoch that are left. Returns whether none was left out. */
  async #epoch(): Promise<boolean> {
    const { config, run, loader, options } = this.#parts;
    let waitedMs = loader.waitedMs;
    let began = performance.now();
    for await (const batch of loader.epoch(run.epoch, run.batchInEpoch)) {
      const { rate } = run;
      const { loss, gradientNorm } = await run.take(batch);
      const now = performance.now();
      this.#record({
        kind: "step",
        ...this.#place(),
        loss: finite(loss),
        rate,
        gradNorm: finite(gradientNorm),
        samplesPerSecond: (1000 * config.batch) / (now - began),
        waitedMs: loader.waitedMs - waitedMs,
      });
      if (options.signal?.aborted) break;
      // After an epoch's last step a validation comes first: it would be recorded twice.
      const isWhole = run.batchInEpoch === loader.batchesPerEpoch;
      if (!isWhole && now - this.#savedAt > longestUnsavedMs) await this.#save("last");
      [began, waitedMs] = [performance.now(), loader.waitedMs];
    }
    return run.batchInEpoch === loader.batchesPerEpoch;
  }

  async #validate(): Promise<void> {
    const { run, data } = this.#parts;
    const result = await run.validate(data.validation, {
      onProgress: (done, total) => this.#emit({ kind: "validating", done, total }),
    });
    const best = run.observe(result);
    this.#record(validationRecord(result, { ...this.#place(), best }));
    if (best) await this.#save("best");
  }

  async #save(which: CheckpointEvent["which"]): Promise<void> {
    const { run, files, config, data } = this.#parts;
    await saveCheckpoint(files[which], await run.checkpoint(), config, modelMetadata(config, data.train));
    this.#savedAt = performance.now();
    this.#emit({ kind: "checkpoint", ...this.#place(), file: files[which], which });
  }

  /** Curves, tables and the images that the best weights segment worst and best. */
  async #report(): Promise<string> {
    const { gpu, config, data, files, run } = this.#parts;
    const none = { worst: [], best: [] };
    const { overlays } = run.best
      ? await evaluate(gpu, config, { dataset: data.validation, weights: files.best, surfaces: false, overlays: true })
      : { overlays: none };
    const { renderTrainingReport } = await import("../report/index.ts");
    const report = { name: config.output, config, log: await readLog(files.log), classes: config.classNames, overlays };
    await writeFileAtomic(files.report, new TextEncoder().encode(renderTrainingReport(report)), { force: true });
    return files.report;
  }

  #place() {
    const { step, epoch } = this.#parts.run;
    return { step, epoch };
  }

  #record(record: TrainRecord): void {
    this.#parts.log.append(record);
    this.#emit(record);
  }

  #emit(event: TrainEvent): void {
    this.#parts.options.onEvent?.(event);
  }
}

function validationRecord(
  { classes, mean, loss }: ValidationResult,
  place: { step: number; epoch: number; best: boolean },
): ValidationRecord {
  const orNull = (value: number | undefined) => value ?? null;
  return {
    kind: "validation",
    ...place,
    loss: finite(loss ?? Number.NaN),
    mean: orNull(mean.dsc),
    classes: classes.map(({ name, dsc, iou, precision, recall }) => ({
      name,
      dsc: orNull(dsc),
      iou: orNull(iou),
      precision: orNull(precision),
      recall: orNull(recall),
    })),
  };
}

/** As JSON has it. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
