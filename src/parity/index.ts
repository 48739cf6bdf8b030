export { type ClassDifference, classDifference, type Difference, difference } from "../difference.ts";
export { toJUnit } from "./junit.ts";
export { type ParityOptions, type ParityReport, type ParityRow, parityLimits, runParity } from "./parity.ts";
export { Reference } from "./reference.ts";
