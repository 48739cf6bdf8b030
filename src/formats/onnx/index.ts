export { isOnnx } from "./detect.ts";
export type { ImportedLayer } from "./graph-import.ts";
export type { ImportedModel, ImportOptions } from "./import.ts";
export { importOnnx } from "./load.ts";
export { withOutputs } from "./outputs.ts";
