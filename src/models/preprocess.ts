// How a slice becomes a network's image: the same steps as in training, stated in the weights file.
import { FormatError } from "../errors.ts";
import { quoteValue } from "../formats/quote.ts";
import type { ImageSize } from "./network.ts";

/**
 * How a slice's grey values become the network's. By statistics of the whole slice, with zeros for a slice of one grey:
 * - `z-score`: (value - mean) / population standard deviation
 * - `min-max`: the smallest becomes 0, the largest 1
 * - `percentile`: the two percentiles become 0 and 1, what lies outside of them is cut off
 *
 * Of every slice alike:
 * - `window`: the two values, Hounsfield units say, become 0 and 1, what lies outside of them is cut off
 * - `mean`, `deviation`: (value - mean) / deviation, statistics of the training set
 */
export type Normalization =
  | "z-score"
  | "min-max"
  | { readonly percentile: readonly [low: number, high: number] }
  | { readonly window: readonly [low: number, high: number] }
  | { readonly mean: number; readonly deviation: number };

/** The window of soft tissue in CT, in Hounsfield units. Source: the ANU-Net paper, section 4.1. */
export const softTissueWindow: readonly [low: number, high: number] = [-200, 200];

/** JSON of the metadata field `atrous.preprocess`. */
export interface Preprocess {
  /** Pixels are resampled to squares of this size before anything else; "own" leaves them as the scanner gives them. */
  readonly spacingMm: number | "own";
  readonly normalize: Normalization;
  /** Height and width are padded at the bottom and right to multiples of this. By default those that the network takes. */
  readonly padMultiple: number;
  /** Height and width are padded to at least this. By default the least that the network takes. */
  readonly minSize: number;
  /** Value of the padding, after normalisation. */
  readonly padValue: number;
}

/** Throws FormatError naming the field. */
export function readPreprocess(given: unknown, where: string, size: ImageSize): Preprocess | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "object" || given === null) throw new FormatError(`${where}: expected an object`);
  const fields = given as Readonly<Record<string, unknown>>;
  const normalization = readNormalization(fields.normalize, where);
  const number = (name: string, from: number, to: number, byDefault?: number) => {
    const value = fields[name] ?? byDefault;
    if (typeof value === "number" && value >= from && value <= to) return value;
    throw new FormatError(`${where}: ${name} is ${quoteValue(value)}, expected a number from ${from} to ${to}`);
  };
  return {
    spacingMm: fields.spacingMm === "own" ? "own" : number("spacingMm", 0.01, 100),
    normalize: normalization,
    padMultiple: number("padMultiple", 1, 1024, size.multiple),
    minSize: number("minSize", 1, 4096, size.least),
    padValue: number("padValue", -1e6, 1e6),
  };
}

function readNormalization(given: unknown, where: string): Normalization {
  if (given === "z-score" || given === "min-max") return given;
  if (typeof given === "object" && given !== null) {
    const { percentile, window, mean, deviation } = given as Readonly<Record<string, unknown>>;
    if (isRange(percentile, 0, 100)) return { percentile };
    if (isRange(window, -largestGrey, largestGrey)) return { window };
    const isMean = typeof mean === "number" && Math.abs(mean) <= largestGrey;
    if (isMean && typeof deviation === "number" && deviation > 0 && deviation <= largestGrey)
      return { mean, deviation };
  }
  throw new FormatError(
    `${where}: normalize is ${quoteValue(given)}, expected "z-score", "min-max", {"percentile": [low, high]}, ` +
      '{"window": [low, high]} or {"mean", "deviation"}',
  );
}

/** No scanner's values are larger. */
const largestGrey = 1e9;

/** Two numbers, the lower first. */
function isRange(given: unknown, least: number, most: number): given is [low: number, high: number] {
  if (!Array.isArray(given) || given.length !== 2) return false;
  const [low, high] = given as unknown[];
  return typeof low === "number" && typeof high === "number" && low >= least && high <= most && low < high;
}

/** Throws FormatError unless the field is absent or a list of class names. */
export function readLabels(given: unknown, where: string): readonly string[] | undefined {
  if (given === undefined) return undefined;
  if (Array.isArray(given) && given.every((label) => typeof label === "string")) return given;
  throw new FormatError(`${where}: expected a list of class names`);
}

/** A grey value becomes (value, at least `low` and at most `high`, - offset) / divisor; 0 where the divisor is 0. */
export interface Scaling {
  readonly low: number;
  readonly high: number;
  readonly offset: number;
  readonly divisor: number;
}

/** What normalises a slice, computed in float64. */
export function scalingOf(data: Float32Array, normalization: Normalization): Scaling {
  const whole = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  if (normalization === "z-score") {
    const { mean, deviation } = momentsOf(data);
    return { ...whole, offset: mean, divisor: deviation };
  }
  if (normalization === "min-max") {
    let [smallest, largest] = [data[0]!, data[0]!];
    for (const value of data) {
      if (value < smallest) smallest = value;
      if (value > largest) largest = value;
    }
    return { ...whole, offset: smallest, divisor: largest - smallest };
  }
  if ("mean" in normalization) return { ...whole, offset: normalization.mean, divisor: normalization.deviation };
  const [low, high] = "window" in normalization ? normalization.window : percentiles(data, normalization.percentile);
  return { low, high, offset: low, divisor: high - low };
}

export function applyScaling(data: Float32Array, { low, high, offset, divisor }: Scaling): Float32Array {
  const result = new Float32Array(data.length);
  if (divisor === 0) return result;
  for (let n = 0; n < data.length; n++) result[n] = (Math.min(Math.max(data[n]!, low), high) - offset) / divisor;
  return result;
}

export function normalize(data: Float32Array, normalization: Normalization): Float32Array {
  return applyScaling(data, scalingOf(data, normalization));
}

/** Mean and population standard deviation, in float64. */
export function momentsOf(data: Float32Array): { mean: number; deviation: number } {
  let sum = 0;
  for (let n = 0; n < data.length; n++) sum += data[n]!;
  const mean = sum / data.length;
  let squares = 0;
  for (let n = 0; n < data.length; n++) squares += (data[n]! - mean) * (data[n]! - mean);
  return { mean, deviation: Math.sqrt(squares / data.length) };
}

/** Interpolated between ranks. Source: https://numpy.org/doc/stable/reference/generated/numpy.percentile.html (linear) */
function percentiles(data: Float32Array, shares: readonly [number, number]): [number, number] {
  const sorted = data.slice().sort();
  const at = (share: number) => {
    const rank = (share / 100) * (sorted.length - 1);
    const [below, above] = [sorted[Math.floor(rank)]!, sorted[Math.ceil(rank)]!];
    return below + (above - below) * (rank - Math.floor(rank));
  };
  return [at(shares[0]), at(shares[1])];
}

/** The padded size of an image side. */
export function paddedSize(size: number, { padMultiple, minSize }: Preprocess): number {
  return Math.ceil(Math.max(size, minSize) / padMultiple) * padMultiple;
}
