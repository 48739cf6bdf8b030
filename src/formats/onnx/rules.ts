// What options of an import may be; apart from the importer, which is loaded on demand.
import { numbers, type Rules, record } from "../../options.ts";
import type { ImportOptions } from "./import.ts";

export const importRules: Rules<ImportOptions> = {
  shape: numbers,
  shapes: record,
  dimensions: record,
  values: record,
  externalData: record,
};
