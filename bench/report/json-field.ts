// A value inside a JSON document, with its path: every complaint names file and field.
import { FormatError } from "../../src/errors.ts";

export class JsonField {
  readonly #file: string;
  readonly #path: string;
  readonly #value: unknown;

  private constructor(file: string, path: string, value: unknown) {
    this.#file = file;
    this.#path = path;
    this.#value = value;
  }

  /** The document itself. Throws FormatError where `text` is no JSON. */
  static parse(text: string, file: string): JsonField {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new FormatError(`${file}: no JSON: ${error instanceof Error ? error.message : error}`);
    }
    return new JsonField(file, "", value);
  }

  /** An error that names this field. */
  wrong(expected: string, got = describe(this.#value)): FormatError {
    return new FormatError(`${this.#file}: ${this.#path || "document"}: got ${got}, expected ${expected}`);
  }

  /** Whether the value is absent or null. */
  get isNull(): boolean {
    return this.#value === null || this.#value === undefined;
  }

  /** A field of an object; absent ones are null. */
  at(name: string): JsonField {
    const value = Object.getOwnPropertyDescriptor(this.#object(), name)?.value;
    return new JsonField(this.#file, this.#path === "" ? name : `${this.#path}.${name}`, value);
  }

  /** All fields of an object, by name. */
  entries(): [string, JsonField][] {
    return Object.entries(this.#object()).map(([name, value]) => [
      name,
      new JsonField(this.#file, `${this.#path}[${JSON.stringify(name)}]`, value),
    ]);
  }

  list(): JsonField[] {
    if (!Array.isArray(this.#value)) throw this.wrong("a list");
    return this.#value.map((value: unknown, i) => new JsonField(this.#file, `${this.#path}[${i}]`, value));
  }

  text(): string {
    if (typeof this.#value !== "string") throw this.wrong("text");
    return this.#value;
  }

  oneOf<const T extends string | number>(...values: readonly T[]): T {
    const found = values.find((value) => value === this.#value);
    if (found === undefined) throw this.wrong(values.map((value) => JSON.stringify(value)).join(" or "));
    return found;
  }

  /** A finite number of at least `least`; `above` excludes it. */
  number(least = 0, bound: "from" | "above" = "from"): number {
    const value = this.#value;
    const inside = typeof value === "number" && Number.isFinite(value) && value >= least;
    if (!inside || (bound === "above" && value === least)) {
      throw this.wrong(`a number ${bound === "above" ? "above" : "of at least"} ${least}`);
    }
    return value;
  }

  /** A whole number of at least `least`. */
  integer(least = 0): number {
    const value = this.number(least);
    if (!Number.isSafeInteger(value)) throw this.wrong("a whole number");
    return value;
  }

  /** Null where the value is null; everything else is read. A field that is absent altogether is refused. */
  orNull<T>(read: (field: JsonField) => T): T | null {
    return this.#value === null ? null : read(this);
  }

  #object(): object {
    if (typeof this.#value !== "object" || this.#value === null || Array.isArray(this.#value))
      throw this.wrong("an object");
    return this.#value;
  }
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
