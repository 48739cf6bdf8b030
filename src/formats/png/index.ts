export type { PngLimits } from "./header.ts";
export { type GreyImage, type LabelImage, readLabelPng, readPng } from "./read.ts";
export { type LabelsToWrite, type PixelsToWrite, writeLabelPng, writePng } from "./write.ts";
