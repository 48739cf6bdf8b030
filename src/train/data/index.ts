export type { Draw } from "./augment.ts";
export type { Batch } from "./batch.ts";
export type { Dataset, Locality } from "./dataset.ts";
export { BatchLoader, type LoaderOptions } from "./loader.ts";
export { type DataOptions, parseDataOptions, type ResolvedDataOptions } from "./options.ts";
export { preprocessOf } from "./preprocess.ts";
export { type PreviewOptions, type PreviewSample, previewSamples } from "./preview.ts";
export { singleClass } from "./targets.ts";
