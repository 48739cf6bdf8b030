// Parsing of option values; commander turns InvalidArgumentError into exit code 2 with the option's name.

import { InvalidArgumentError, Option } from "commander";
import { type HeadOptions, type Shape, UsageError } from "../index.ts";

/** How the network stores its tensors. */
export function precisionOption(): Option {
  return new Option("--precision <type>", "how tensors are stored: f16 halves the memory and needs shader-f16")
    .choices(["f32", "f16"])
    .default("f32");
}

/** Layers that f16 leaves alone. */
export function keepFullOption(): Option {
  const parse = (text: string) => text.split(",");
  return new Option("--keep-full <names>", "layers that stay f32 in f16, with commas").argParser(parse);
}

/** How the network stores its tensors, as `compile` and `runParity` take it. Throws UsageError for layers kept from f32 in f32. */
export function storage({ precision, keepFull }: StorageOptions): StorageOptions {
  if (keepFull && precision === "f32") throw new UsageError("--keep-full: is for --precision f16");
  return { precision, ...(keepFull && { keepFull }) };
}

/** What {@link precisionOption} and {@link keepFullOption} give. */
export interface StorageOptions {
  readonly precision: "f32" | "f16";
  readonly keepFull?: readonly string[];
}

/** Prunes a network with several heads. */
export function levelOption(): Option {
  const text = "of a network with several heads: take the n-th, and leave out what it does not need";
  return new Option("--level <n>", text).argParser(parseCount);
}

export function averageHeadsOption(): Option {
  return new Option("--average-heads", "of a network with several heads: take the mean of all up to the level");
}

/** What {@link levelOption} and {@link averageHeadsOption} give, as `loadModel` and others take it. */
export function chosenHeads({ level, averageHeads }: HeadOptions): HeadOptions {
  return { level, averageHeads };
}

/** Throws UsageError where {@link levelOption} or {@link averageHeadsOption} is given: ONNX models have no levels. */
export function requireNoHeads({ level, averageHeads }: HeadOptions): void {
  if (level !== undefined) throw new UsageError("--level: an ONNX model has no levels, expected none");
  if (averageHeads) throw new UsageError("--average-heads: an ONNX model has no heads to choose from, expected none");
}

/** The network of a checkpoint, which does not name it. */
export function networkOption(): Option {
  return new Option("--network <name>", "network of a checkpoint of PyTorch, as unet; see docs/networks.md");
}

/** Its options. */
export function networkOptionsOption(): Option {
  return new Option("--options <json>", 'its options, as {"classes":1}; default: those of the network').argParser(
    parseObject,
  );
}

/** What {@link networkOption} and {@link networkOptionsOption} give, as `openModelFile` takes it. */
export interface NetworkChoice {
  readonly network?: string | undefined;
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

/** Throws UsageError where a network is chosen: an ONNX model is its own. */
export function requireNoNetwork({ network, options }: NetworkChoice): void {
  if (network !== undefined) throw new UsageError("--network: an ONNX model is its own network, expected none");
  if (options !== undefined) throw new UsageError("--options: an ONNX model is its own network, expected none");
}

/** JSON of an object. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const given: unknown = JSON.parse(text);
    if (typeof given === "object" && given !== null && !Array.isArray(given)) return { ...given };
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('Expected JSON of an object, as {"classes":1}.');
}

/** The tolerance of the normalised surface distance. */
export function toleranceOption(): Option {
  return new Option("--tolerance <mm>", "distance within which surfaces agree, for NSD (default: 1)").argParser(
    parseMillimetres,
  );
}

/** How masks count that are rightly empty. */
export function emptyIsPerfectOption(): Option {
  return new Option("--empty-is-perfect", "a class that neither prediction nor truth have counts as perfect");
}

/** What {@link toleranceOption} and {@link emptyIsPerfectOption} give. */
export interface MeasureFlags {
  readonly tolerance?: number;
  readonly emptyIsPerfect?: true;
}

/** The shape of one input of a model; without a name that of the only one. */
export interface InputShape {
  readonly name: string | undefined;
  readonly shape: Shape;
}

/** `1,3,512,512` or `image=1,3,512,512`; may be given again for another input. */
export function parseInputShapes(text: string, before: readonly InputShape[] = []): readonly InputShape[] {
  const at = text.lastIndexOf("=");
  const sizes = text.slice(at + 1);
  const shape = sizes.split(",").map(Number);
  if (!/^\d+(,\d+)*$/.test(sizes) || !shape.every((size) => Number.isSafeInteger(size) && size >= 1)) {
    throw new InvalidArgumentError("Expected sizes, as 1,3,512,512, or INPUT=1,3,512,512.");
  }
  return [...before, { name: at < 0 ? undefined : text.slice(0, at), shape }];
}

export function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 1e6)
    throw new InvalidArgumentError("Expected a whole number from 1 to 1,000,000.");
  return count;
}

export function parseIndex(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("Expected a whole number of 0 or more.");
  return Number(text);
}

export function parseMillimetres(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0.01 && value <= 100))
    throw new InvalidArgumentError("Expected a length from 0.01 to 100 mm.");
  return value;
}
