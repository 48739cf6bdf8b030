// "atrous/train": trainings and evaluations, for Node.
export { parseTrainConfig, type TrainConfig, type TrainConfigInput, trainConfigSchema } from "./config.ts";
export { readTrainConfig } from "./config-node.ts";
export { writeCsv } from "./csv.ts";
export { type DataOptions, type PreviewSample, previewSamples } from "./data/index.ts";
export type { OpenedData } from "./data/open-node.ts";
export type { Dataset, Sample } from "./dataset.ts";
export { bestWeights, type EvaluateOptions, type Evaluation, evaluate } from "./evaluate-node.ts";
export { readLog } from "./log-node.ts";
export * from "./losses/index.ts";
export { type ClassMetrics, metricNames } from "./metrics.ts";
export { openTrainData } from "./open-data-node.ts";
export { encodePreview, type Overlay, type Overlays } from "./overlay.ts";
export type { CheckpointEvent, Train, TrainEvent, TrainHooks, TrainOptions, TrainSummary } from "./progress.ts";
export type { StartRecord, StepRecord, StopRecord, TrainRecord, ValidationRecord } from "./record.ts";
export type { EvaluationReport, TrainingReport } from "./report/index.ts";
export { train } from "./trainer-node.ts";
export { type ClassResult, type ImageResult, imageRows, type ValidationResult, validate } from "./validate.ts";

/** The reports are loaded when one is written: charts are heavy. */
export const loadReports = () => import("./report/index.ts");
