// Typed errors. Messages read `where: what is wrong, what was got, what was expected`.

import { printable, printableLines } from "./printable.ts";

/** No message is longer, whatever names a file gives: its beginning says where, its end what was expected. */
const longestMessage = 10_000;

/** Base of every error that atrous throws on purpose; anything else is a bug. */
export class AtrousError extends Error {
  override readonly name: string = "AtrousError";
  /** `show` makes the message safe to print. */
  constructor(message: string, options?: ErrorOptions, show: (text: string) => string = printable) {
    const half = longestMessage / 2;
    const shown = show(message);
    super(shown.length <= longestMessage ? shown : `${shown.slice(0, half)} ... ${shown.slice(-half)}`, options);
  }
}

/** Shapes or attributes of an operator that do not fit together. */
export class ShapeError extends AtrousError {
  override readonly name = "ShapeError";
}

/** A file or byte stream that does not hold what it should. The message begins with the file's name. */
export class FormatError extends AtrousError {
  override readonly name = "FormatError";
}

/** An argument or option that the caller got wrong. */
export class UsageError extends AtrousError {
  override readonly name = "UsageError";
}

/** One node of a model as an importer met it. */
export interface ImportedNode {
  readonly name: string;
  readonly operator: string;
  /** As ` axis=1 mode="linear"`. */
  readonly attributes: string;
  /** Undefined where the node could not be imported, or stands behind one that could not. */
  readonly outputShape: readonly number[] | undefined;
  /** Why it could not be imported; undefined where it was, or was not reached. */
  readonly reason: string | undefined;
}

/** A model that is well formed, but uses what this engine does not compute. `nodes` are all of its nodes, in their order. */
export class UnsupportedError extends AtrousError {
  override readonly name = "UnsupportedError";
  readonly nodes: readonly ImportedNode[];
  constructor(message: string, nodes: readonly ImportedNode[]) {
    super(message);
    this.nodes = nodes;
  }
}

/** What a DeviceError is about. After `lost` and `disposed` the device takes no more work. */
export type DeviceErrorKind =
  | "no-adapter"
  | "unsupported"
  | "validation"
  | "out-of-memory"
  | "internal"
  | "lost"
  | "disposed";

/** The GPU or its driver refused, failed or went away. `message` names the shader, node or buffer. */
export class DeviceError extends AtrousError {
  override readonly name = "DeviceError";
  readonly kind: DeviceErrorKind;
  constructor(kind: DeviceErrorKind, message: string, options?: ErrorOptions) {
    // Listings of shaders have lines.
    super(message, options, printableLines);
    this.kind = kind;
  }
}
