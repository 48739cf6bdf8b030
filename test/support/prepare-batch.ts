// What the segmenter's graph does to slices before the network, written out on the host.
import { normalize, type Preprocess, paddedSize } from "../../src/models/preprocess.ts";

/** One channel of grey values. */
export interface GreySlice {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/**
 * Fills a batch [N, C, H, W] from slices of one size: normalised, padded at the bottom and right, repeated per channel.
 * Slices are at the training's pixel spacing already.
 */
export function prepareBatch(slices: readonly GreySlice[], channels: number, preprocess: Preprocess) {
  const { width, height } = slices[0]!;
  const paddedWidth = paddedSize(width, preprocess);
  const paddedHeight = paddedSize(height, preprocess);
  const plane = paddedHeight * paddedWidth;
  const data = new Float32Array(slices.length * channels * plane).fill(preprocess.padValue);
  slices.forEach((slice, n) => {
    const normalized = normalize(slice.data, preprocess.normalize);
    for (let c = 0; c < channels; c++) {
      const start = (n * channels + c) * plane;
      for (let row = 0; row < height; row++) {
        data.set(normalized.subarray(row * width, (row + 1) * width), start + row * paddedWidth);
      }
    }
  });
  return { shape: [slices.length, channels, paddedHeight, paddedWidth] as const, data };
}
