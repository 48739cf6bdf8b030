// "atrous/train": trainings and evaluations, for Node.

export { writeCsv } from "../report/csv.ts";
export { type MaskMetrics, maskMetricNames } from "../segment/mask-metrics.ts";
export type { ClassCounts, ClassMetrics } from "../segment/metrics.ts";
export type { MeasureOptions, SurfaceMetrics } from "../segment/surface-metrics.ts";
export { parseTrainConfig, type TrainConfig, type TrainConfigInput, trainConfigSchema } from "./config/config.ts";
export type { Dataset, Stack } from "./data/dataset.ts";
export { type DataOptions, type PreviewSample, previewSamples } from "./data/index.ts";
export type { Sample } from "./data/prepare.ts";
export type { CheckpointEvent, Train, TrainEvent, TrainHooks, TrainOptions, TrainSummary } from "./loop/progress.ts";
export type { StartRecord, StepRecord, StopRecord, TrainRecord, ValidationRecord } from "./loop/record.ts";
export {
  type ClassResult,
  classAreas,
  type ImageResult,
  type SubjectResult,
  type ValidationResult,
  type VolumeResult,
} from "./loop/results.ts";
export { validate } from "./loop/validate.ts";
export * from "./losses/index.ts";
export { bestWeights, type EvaluateOptions, type Evaluation, evaluate } from "./node/evaluate.ts";
export { readLog } from "./node/log.ts";
export { openTrainData } from "./node/open-data.ts";
export type { OpenedData } from "./node/open-dataset.ts";
export { readTrainConfig } from "./node/read-config.ts";
export { train } from "./node/trainer.ts";
export type { EvaluationReport, TrainingReport } from "./report/index.ts";
export { encodePreview, type Overlay, type Overlays } from "./report/overlay.ts";
export { imageRows, volumeRows } from "./report/rows.ts";

/** The reports are loaded when one is written: charts are heavy. */
export const loadReports = () => import("./report/index.ts");
