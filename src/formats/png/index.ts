export type { PngLimits } from "./header.ts";
export { type GreyImage, type LabelImage, pngStartBytes, readLabelPng, readPng, readPngSize } from "./read.ts";
export { type LabelsToWrite, type PixelsToWrite, writeLabelPng, writePng } from "./write.ts";
