// What only Node has: native GPUs through Dawn, and files on disk.

export { fileSource } from "./formats/source/file.ts";
export { readText } from "./formats/source/text.ts";
export { findProtection, type WriteOptions, writeFileAtomic } from "./formats/write-file.ts";
export { openGpu } from "./gpu/node.ts";
export {
  encodeSheet,
  greyWindow,
  type LegendEntry,
  type Picture,
  type Sheet,
  type SheetTile,
  type Window,
} from "./overlay/index.ts";
export { missingPackage } from "./package.ts";
export { onnxRuntime } from "./parity/onnxruntime-node.ts";
export { printable, printableLines } from "./printable.ts";
export { largestLabel } from "./segment/labels.ts";
export { type MaskMetricName, type MaskMetrics, maskMetricNames } from "./segment/mask-metrics.ts";
export { type ClassMeasure, measureClasses, type SliceMeasure } from "./segment/measures.ts";
export { type AxisName, isPng, readScan, requireMaskName, type Scan, type ScanOptions } from "./segment/scan.ts";
export type { MaskGrid } from "./segment/surface.ts";
export {
  defaultMeasures,
  type MeasureOptions,
  measureSurfaces,
  type SurfaceMetrics,
} from "./segment/surface-metrics.ts";
export { mapTruth, type TruthLabels, type TruthMaps } from "./segment/truth.ts";
export type { SliceList } from "./slice-list.ts";
