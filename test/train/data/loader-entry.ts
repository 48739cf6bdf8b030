// What the test of threads bundles: the loader and what opens data.
export { FormatError, UsageError } from "../../../src/errors.ts";
export { BatchLoader } from "../../../src/train/data/loader.ts";
export { openDataset } from "../../../src/train/node/open-dataset.ts";
