// A network as a record.
import { ShapeError } from "../errors.ts";
import type { GraphBuilder } from "../graph/ir/builder.ts";
import type { Value } from "../graph/ir/graph.ts";
import { formatShape } from "../tensor.ts";
import { type OptionRules, readOptions } from "./options.ts";

/** Options that every network has. */
export interface NetworkOptions {
  /** Channels of the logits. Default 2. */
  readonly classes: number;
  /** Multiplier of all channel counts but those of image and logits. Default 1. */
  readonly width: number;
  /** Channels of the image. Default 3; a grey image is repeated. */
  readonly inChannels: number;
}

/** A number of channels. */
export const channelRange = { integer: true, from: 1, to: 4096 } as const;

/** Rules of the options that every network has. */
export const networkRules: OptionRules<NetworkOptions> = {
  classes: { text: "Channels of the logits.", default: 2, range: channelRange },
  width: {
    text: "Multiplier of all channel counts but those of image and logits.",
    default: 1,
    range: { from: 1 / 64, to: 16 },
  },
  inChannels: { text: "Channels of the image; a grey image is repeated.", default: 3, range: channelRange },
};

/** As most networks' logits become probabilities: a single class is told from the background by a sigmoid. */
export function resultOfClasses({ classes }: NetworkOptions): "softmax" | "sigmoid" {
  return classes === 1 ? "sigmoid" : "softmax";
}

/** What a network asks of each side of its images, in pixels. */
export interface ImageSize {
  readonly multiple: number;
  readonly least: number;
  /** What `least` comes from, for messages; where it is not the multiple alone. */
  readonly reason?: string;
}

/**
 * Logits by the name of their head, `logits` the last. Those before it are for deep supervision, in the order of their levels: each
 * needs less of the network than the next (heads.ts).
 */
export interface Heads {
  /** f32 [N, classes, ...], as large as the image. */
  readonly logits: Value;
  readonly [head: string]: Value;
}

/** A network: its name, its options, and how it is built into a graph from its images. */
export interface Network<O extends NetworkOptions = NetworkOptions> {
  /** As in a weights file's metadata, `atrous.network`. */
  readonly name: string;
  /** Of its images: 2 takes [N, C, H, W], 3 takes [N, C, D, H, W]. */
  readonly dimensions: 2 | 3;
  /** What each option may be: what `options` checks, and what the schema of a training's configuration tells. */
  readonly rules: OptionRules<O>;
  /** Sizes that images are padded to, and that `build` insists on. */
  imageSize(options: O): ImageSize;
  /**
   * What the logits become: `softmax` over the classes, the first of which is the background, or a `sigmoid` of each; that of a
   * single class tells it from the background, which then has no channel.
   */
  result(options: O): "softmax" | "sigmoid";
  /** Checks options and fills in defaults. Throws FormatError that begins with `where`. */
  options(given: unknown, where: string): O;
  /** Appends the network to a graph. Throws ShapeError for images that it cannot take. */
  build(b: GraphBuilder, image: Value, options: O): Heads;
}

/** Completes a record: `options` follow from the rules, and images of other sizes are refused before anything is built. */
export function defineNetwork<O extends NetworkOptions>(record: Omit<Network<O>, "options">): Network<O> {
  return {
    ...record,
    options: (given, where) => readOptions(given, where, record.rules),
    build(b, image, options) {
      requireSize(record, image, record.imageSize(options));
      return record.build(b, image, options);
    },
  };
}

type Named = Pick<Network, "name" | "dimensions">;

function requireSize({ name, dimensions }: Named, image: Value, { multiple, least, reason }: ImageSize): void {
  const { shape } = image.type;
  const sizes = shape.slice(2);
  if (sizes.length !== dimensions)
    throw new ShapeError(`${name}: the image is ${formatShape(shape)}, expected ${imageAxes(dimensions)}`);
  const got = `${name}: the image is ${sizes.join("x")}, expected`;
  if (sizes.some((size) => size % multiple !== 0)) throw new ShapeError(`${got} multiples of ${multiple}`);
  if (sizes.every((size) => size >= least)) return;
  throw new ShapeError(`${got} at least ${sizes.map(() => least).join("x")}${reason ? ` (${reason})` : ""}`);
}

/** The axes of an image, as messages name them. */
export function imageAxes(dimensions: 2 | 3): string {
  return dimensions === 2 ? "[N, C, H, W]" : "[N, C, D, H, W]";
}

/** A network with options that it has checked. */
export interface ChosenNetwork {
  readonly network: Network;
  readonly options: NetworkOptions;
}

/** How many classes pixels have, background included. */
export function classCount({ network, options }: ChosenNetwork): number {
  return options.classes === 1 && network.result(options) === "sigmoid" ? 2 : options.classes;
}
