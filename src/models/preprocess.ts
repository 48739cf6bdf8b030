// How a slice becomes a network's image: the same steps as in training, stated in the weights file.
import { FormatError } from "../errors.ts";

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
