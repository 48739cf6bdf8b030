// What `atrous segment` knows when it is done: what reports and overlays are made of.
import type { ModelFile } from "../index.ts";
import type { ClassMeasure, MeasureOptions, Scan, TruthMaps } from "../node.ts";

/** Everything that the reports show. */
export interface Segmentation {
  readonly scan: Scan;
  readonly file: ModelFile;
  readonly adapter: string;
  /** Class names, background first. */
  readonly names: readonly string[];
  readonly maps: readonly Uint8Array[];
  readonly truth: TruthMaps | undefined;
  /** How the classes were measured. */
  readonly rules: Required<MeasureOptions>;
  readonly measures: readonly ClassMeasure[];
  readonly prepareMs: number;
  readonly segmentMs: number;
}
