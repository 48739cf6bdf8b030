// The door to the importer. What stands behind it is loaded when it is first opened: most users have no ONNX files.

import { checkOptions } from "../../options.ts";
import type { Origin } from "../source/source.ts";
import type { ImportedModel, ImportOptions } from "./import.ts";
import { importRules } from "./rules.ts";

/**
 * Imports an ONNX model: a path (in Node), a URL, a Blob or bytes. Operator sets 1 to 28, as far as each operator's record reads
 * them. Half-precision floats are widened and computed in f32. Integers are i32 on the GPU (f64 is not computed there), masks u32
 * of 0 and 1: so they are given to `run`, and so they come back.
 * Throws FormatError for a file that is broken; UnsupportedError that lists every node which this engine does not compute;
 * ShapeError where the shapes do not fit the model; UsageError for a size that is left open or a name or option that is unknown.
 */
export async function importOnnx(origin: Origin, options: ImportOptions = {}): Promise<ImportedModel> {
  checkOptions("importOnnx", options, importRules);
  const importer = await import("./import.ts");
  return importer.importOnnx(origin, options);
}
