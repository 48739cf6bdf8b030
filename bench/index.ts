// What the command line uses of the bench.
export { type BenchCase, convCase, type NetworkName, networks } from "./cases.ts";
export type { Measurement, PeerName } from "./measure.ts";
export { type OnnxCases, openOnnxCases, parseOnnxPath } from "./onnx-file.ts";
export type { BenchRecord, BenchRow, Precision } from "./record.ts";
export { compareRecords } from "./report/compare.ts";
export { formatHtml } from "./report/html.ts";
export { readRecord } from "./report/read.ts";
export { formatRecord } from "./report/text.ts";
export { benchCases, createRecord, runBench } from "./run.ts";
export { parseConv } from "./shape.ts";
export { measureStart } from "./start.ts";
export { createTrace } from "./trace.ts";
