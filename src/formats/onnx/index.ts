export { type ImportedModel, type ImportOptions, importOnnx } from "./import.ts";
