export { isOnnx } from "./detect.ts";
export type { ImportedModel, ImportOptions } from "./import.ts";
export { importOnnx } from "./load.ts";
