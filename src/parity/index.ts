export { type ClassDifference, classDifference, type Difference, difference } from "../difference.ts";
export { toJUnit } from "./junit.ts";
export { labelOf, type ParityOptions, type ParityReport, type ParityRow, parityLimits, runParity } from "./parity.ts";
export type { EngineModel, ReferenceEngine, ReferenceTensor } from "./reference.ts";
