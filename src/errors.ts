// Typed errors. Messages read `where: what is wrong, what was got, what was expected`.

/** Base of every error that atrous throws on purpose; anything else is a bug. */
export class AtrousError extends Error {
  override readonly name: string = "AtrousError";
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
    super(message, options);
    this.kind = kind;
  }
}
