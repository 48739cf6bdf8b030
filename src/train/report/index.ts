// Loaded when a report is written: charts are heavy.
export { type EvaluationReport, renderEvaluationReport } from "./evaluation.ts";
export { renderTrainingReport, type TrainingReport } from "./training.ts";
