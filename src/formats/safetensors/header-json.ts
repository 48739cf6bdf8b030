// The JSON of a safetensors header, read strictly. JSON.parse would not do: it keeps the last of two equal names without a word,
// rounds large integers, and builds any nesting that a hostile header asks for. This reader knows the one shape that a header
// has, so its memory stays in proportion to the tensors that it finds.
//
//   header  = "{" [ member { "," member } ] "}" and spaces;  member = "__metadata__" ":" { string: string } | name ":" tensor
//   tensor  = { "dtype": string, "shape": [ integer, ... ], "data_offsets": [ integer, integer ] }, in any order

import { FormatError } from "../../errors.ts";
import { quote } from "../quote.ts";

/** One tensor as the header writes it; nothing is checked but the types. */
export interface HeaderTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** First byte and byte after the last, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly HeaderTensor[];
}

/** More axes than any tensor has; the arrays of a hostile header must not grow without end. */
const maxRank = 64;

/** Reads header text. Throws FormatError that names `file` and the place. */
export function parseHeader(text: string, file: string): Header {
  const reader = new HeaderReader(text, file);
  let metadata: Record<string, string> = Object.create(null);
  const tensors: HeaderTensor[] = [];
  reader.object("header", (name) => {
    if (name === "__metadata__") metadata = reader.metadata();
    else tensors.push(reader.tensor(name));
  });
  reader.end();
  return { metadata: Object.freeze(metadata), tensors };
}

class HeaderReader {
  readonly #text: string;
  readonly #file: string;
  #at = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
    if (text[0] !== "{") throw this.#unexpected('"{" first');
  }

  /** Calls `member` at the value of each name. */
  object(where: string, member: (name: string) => void): void {
    const seen = new Set<string>();
    this.#expect("{");
    if (this.#accept("}")) return;
    do {
      const name = this.#string();
      if (seen.has(name)) throw new FormatError(`${this.#file}: ${where}: the name ${quote(name)} stands twice`);
      seen.add(name);
      this.#expect(":");
      member(name);
    } while (this.#accept(","));
    this.#expect("}", '"," or "}"');
  }

  metadata(): Record<string, string> {
    const metadata: Record<string, string> = Object.create(null);
    this.object("__metadata__", (name) => {
      metadata[name] = this.#string();
    });
    return metadata;
  }

  tensor(name: string): HeaderTensor {
    const where = `tensor ${quote(name)}`;
    let dtype: string | undefined;
    let shape: number[] | undefined;
    let offsets: number[] | undefined;
    this.object(where, (field) => {
      if (field === "dtype") dtype = this.#string();
      else if (field === "shape") shape = this.#integers(`${where}: shape`, maxRank);
      else if (field === "data_offsets") offsets = this.#integers(`${where}: data_offsets`, 2);
      else {
        throw new FormatError(
          `${this.#file}: ${where}: unknown field, got ${quote(field)}, expected dtype, shape, data_offsets`,
        );
      }
    });
    if (dtype === undefined) throw new FormatError(`${this.#file}: ${where}: dtype is missing`);
    if (shape === undefined) throw new FormatError(`${this.#file}: ${where}: shape is missing`);
    if (offsets === undefined) throw new FormatError(`${this.#file}: ${where}: data_offsets is missing`);
    const [begin, end] = offsets;
    if (begin === undefined || end === undefined) {
      throw new FormatError(`${this.#file}: ${where}: data_offsets, got ${offsets.length} numbers, expected 2`);
    }
    return { name, dtype, shape, begin, end };
  }

  /** Nothing but white space may follow. */
  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected("nothing but spaces after the header's object");
  }

  #integers(where: string, limit: number): number[] {
    const numbers: number[] = [];
    this.#expect("[");
    if (this.#accept("]")) return numbers;
    do {
      if (numbers.length === limit) {
        throw new FormatError(`${this.#file}: ${where}, got more than ${limit} numbers, expected at most ${limit}`);
      }
      numbers.push(this.#integer(where));
    } while (this.#accept(","));
    this.#expect("]", '"," or "]"');
    return numbers;
  }

  #integer(where: string): number {
    this.#skipSpace();
    const token = /[^\s,\]}]{0,40}/y;
    token.lastIndex = this.#at;
    const text = token.exec(this.#text)?.[0] ?? "";
    const value = /^(0|[1-9][0-9]*)$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value)) {
      throw new FormatError(
        `${this.#file}: ${where}, got ${text === "" ? "nothing" : quote(text)}, expected an integer from 0 to 2^53 - 1`,
      );
    }
    this.#at += text.length;
    return value;
  }

  #string(): string {
    this.#skipSpace();
    const text = this.#text;
    if (text[this.#at] !== '"') throw this.#unexpected("a string");
    const start = this.#at;
    let escaped = false;
    let at = start + 1;
    for (let code = text.charCodeAt(at); code !== 0x22; code = text.charCodeAt(at)) {
      if (Number.isNaN(code) || code < 0x20) {
        this.#at = Math.min(at, text.length);
        throw this.#unexpected("the end of a string");
      }
      if (code === 0x5c) escaped = true;
      at += code === 0x5c ? 2 : 1;
    }
    this.#at = at + 1;
    return escaped ? this.#unescape(text.slice(start, at + 1)) : text.slice(start + 1, at);
  }

  #unescape(quoted: string): string {
    try {
      const value: unknown = JSON.parse(quoted);
      if (typeof value === "string" && !/\p{Surrogate}/u.test(value)) return value;
    } catch {
      // Reported below: what JSON.parse says of it differs between engines.
    }
    throw new FormatError(`${this.#file}: header has a string with a bad escape, got ${quote(quoted)}`);
  }

  #accept(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string, expected = `"${character}"`): void {
    if (!this.#accept(character)) throw this.#unexpected(expected);
  }

  #skipSpace(): void {
    while (" \n\r\t".includes(this.#text[this.#at] ?? "x")) this.#at++;
  }

  #unexpected(expected: string): FormatError {
    const character = this.#text[this.#at];
    const got = character === undefined ? "its end" : JSON.stringify(character);
    return new FormatError(
      `${this.#file}: header is malformed, got ${got} at character ${this.#at}, expected ${expected}`,
    );
  }
}
