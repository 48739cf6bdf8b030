export { type ClassDifference, classDifference, type Difference, difference } from "../difference.ts";
export { toJUnit } from "./junit.ts";
export { type ParityReport, type ParityRow, parityLimit, runParity } from "./parity.ts";
export { Reference } from "./reference.ts";
