// How a slice becomes a network's image: the same steps as in training, stated in the weights file.
import { FormatError, ShapeError } from "../errors.ts";

/** JSON of the metadata field `atrous.preprocess`. */
export interface Preprocess {
  /** Pixels are resampled to squares of this size before anything else. */
  readonly spacingMm: number;
  /** `z-score`: (value - mean) / standard deviation over the slice; zeros where the deviation is zero. */
  readonly normalize: "z-score";
  /** Height and width are padded at the bottom and right to multiples of this. */
  readonly padMultiple: number;
  /** Height and width are padded to at least this. */
  readonly minSize: number;
  /** Value of the padding, after normalisation. */
  readonly padValue: number;
}

/** Throws FormatError naming the field. */
export function readPreprocess(given: unknown, where: string): Preprocess | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "object" || given === null) throw new FormatError(`${where}: expected an object`);
  const fields = given as Readonly<Record<string, unknown>>;
  if (fields.normalize !== "z-score") {
    throw new FormatError(`${where}: normalize is ${JSON.stringify(fields.normalize)}, expected "z-score"`);
  }
  const number = (name: string, from: number, to: number) => {
    const value = fields[name];
    if (typeof value === "number" && value >= from && value <= to) return value;
    throw new FormatError(`${where}: ${name} is ${JSON.stringify(value)}, expected a number from ${from} to ${to}`);
  };
  return {
    spacingMm: number("spacingMm", 0.01, 100),
    normalize: "z-score",
    padMultiple: number("padMultiple", 1, 1024),
    minSize: number("minSize", 1, 4096),
    padValue: number("padValue", -1e6, 1e6),
  };
}

/** Throws FormatError unless the field is absent or a list of class names. */
export function readLabels(given: unknown, where: string): readonly string[] | undefined {
  if (given === undefined) return undefined;
  if (Array.isArray(given) && given.every((label) => typeof label === "string")) return given;
  throw new FormatError(`${where}: expected a list of class names`);
}

/** One channel of grey values. */
export interface GreySlice {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** (value - mean) / population standard deviation, computed in float64; zeros for a constant slice. */
export function zScore(data: Float32Array): Float32Array {
  let sum = 0;
  for (const value of data) sum += value;
  const mean = sum / data.length;
  let squares = 0;
  for (const value of data) squares += (value - mean) ** 2;
  const deviation = Math.sqrt(squares / data.length);
  if (deviation === 0) return new Float32Array(data.length);
  return data.map((value) => (value - mean) / deviation);
}

/** The padded size of an image side. */
export function paddedSize(size: number, { padMultiple, minSize }: Preprocess): number {
  return Math.ceil(Math.max(size, minSize) / padMultiple) * padMultiple;
}

/**
 * Fills a batch [N, C, H, W] from slices of one size: normalised, padded at the bottom and right, repeated per channel.
 * Slices are at the training's pixel spacing already. Throws ShapeError when the slices differ in size.
 */
export function prepareBatch(slices: readonly GreySlice[], channels: number, preprocess: Preprocess) {
  const { width, height } = slices[0]!;
  const paddedWidth = paddedSize(width, preprocess);
  const paddedHeight = paddedSize(height, preprocess);
  const plane = paddedHeight * paddedWidth;
  const data = new Float32Array(slices.length * channels * plane).fill(preprocess.padValue);
  slices.forEach((slice, n) => {
    if (slice.width !== width || slice.height !== height) {
      throw new ShapeError(`slices differ in size: got ${slice.height}x${slice.width} beside ${height}x${width}`);
    }
    const normalized = zScore(slice.data);
    for (let c = 0; c < channels; c++) {
      const start = (n * channels + c) * plane;
      for (let row = 0; row < height; row++) {
        data.set(normalized.subarray(row * width, (row + 1) * width), start + row * paddedWidth);
      }
    }
  });
  return { shape: [slices.length, channels, paddedHeight, paddedWidth] as const, data };
}
