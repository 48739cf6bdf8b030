// What damages files, on purpose or not: changes of any bytes, and of what JSON says. All formats are tried with these; each adds where
// its own numbers lie. Everything is drawn from `random`, uniform in [0, 1), so that a round can be repeated.

export type Random = () => number;

export const pick = (random: Random, count: number) => Math.floor(random() * count);
export const choose = <T>(random: Random, list: readonly T[]): T => list[pick(random, list.length)]!;

/** Numbers that readers get wrong: signs, limits of types, what is no number. */
const integers = [0, 1, 2, -1, 127, 128, 255, 256, 32767, 32768, 65535, 2 ** 20, 2 ** 30, 2 ** 31 - 1, 2 ** 31];
const extremes = [...integers, 2 ** 32 - 1, 2 ** 40, 2 ** 52, 2 ** 53 - 1, 2 ** 53, 2 ** 62, 2 ** 63];
const floats = [Number.NaN, Infinity, -Infinity, 0, -0, -1, 0.5, 1e-45, 3.4e38, 1e39, 1e308, 5e-324];

/** A whole number of any size. */
export function anyInteger(random: Random): number {
  if (random() < 0.5) return choose(random, extremes);
  return Math.floor(2 ** (random() * 53)) * (random() < 0.9 ? 1 : -1);
}

export type NumberKind = "u8" | "i16" | "i32" | "i64" | "f32" | "f64";

/** A lie in place of the number at byte `at`. */
export function lieAt(bytes: Uint8Array, at: number, kind: NumberKind, isLittle: boolean, random: Random): Uint8Array {
  const width = { u8: 1, i16: 2, i32: 4, i64: 8, f32: 4, f64: 8 }[kind];
  if (at + width > bytes.length) return bytes;
  const copy = new Uint8Array(bytes);
  const view = new DataView(copy.buffer, at, width);
  if (kind === "f32") view.setFloat32(0, choose(random, floats), isLittle);
  else if (kind === "f64") view.setFloat64(0, choose(random, floats), isLittle);
  else {
    const whole = BigInt.asUintN(64, BigInt(anyInteger(random)));
    for (let n = 0; n < width; n++) {
      view.setUint8(isLittle ? n : width - 1 - n, Number((whole >> BigInt(8 * n)) & 255n));
    }
  }
  return copy;
}

type ByteChange = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

const kinds: readonly NumberKind[] = ["u8", "i16", "i32", "i64", "f32", "f64"];

const byteChanges: Readonly<Record<string, ByteChange>> = {
  "bits flipped": (bytes, random) => {
    const copy = new Uint8Array(bytes);
    for (let count = 1 + pick(random, 4); count > 0; count--) copy[pick(random, copy.length)]! ^= 1 << pick(random, 8);
    return copy;
  },
  "a number that lies": (bytes, random) =>
    lieAt(bytes, pick(random, bytes.length), choose(random, kinds), random() < 0.5, random),
  "cut short": (bytes, random) => bytes.slice(0, pick(random, bytes.length)),
  "gone on": (bytes, random) => {
    const more = choose(random, [1, 8, 700, 40_000]);
    const tail = random() < 0.5 ? new Uint8Array(more) : Uint8Array.from({ length: more }, () => pick(random, 256));
    return concatenated(bytes, random() < 0.3 ? bytes : tail);
  },
  "bytes left out": (bytes, random) => {
    const at = pick(random, bytes.length);
    return concatenated(bytes.subarray(0, at), bytes.subarray(at + 1 + pick(random, choose(random, [4, 64, 1000]))));
  },
  "bytes put in": (bytes, random) => {
    const at = pick(random, bytes.length);
    const byte = choose(random, [0, 0x7f, 0xff, 0xc0, 0x20]);
    const between = new Uint8Array(1 + pick(random, 12)).fill(byte);
    return concatenated(bytes.subarray(0, at), between, bytes.subarray(at));
  },
  "a part repeated": (bytes, random) => {
    const at = pick(random, bytes.length);
    const part = bytes.subarray(at, at + 1 + pick(random, 40));
    const times = 1 + pick(random, 500);
    return concatenated(bytes.subarray(0, at), ...Array.from({ length: times }, () => part), bytes.subarray(at));
  },
  "parts exchanged": (bytes, random) => {
    const [a, b, c] = [0, 0, 0].map(() => pick(random, bytes.length)).sort((x, y) => x - y) as [number, number, number];
    return concatenated(bytes.subarray(0, a), bytes.subarray(b, c), bytes.subarray(a, b), bytes.subarray(c));
  },
  "two files in one": (bytes, random, others) => {
    const other = choose(random, others);
    return concatenated(bytes.subarray(0, pick(random, bytes.length)), other.subarray(pick(random, other.length)));
  },
};

/** Changes any bytes; `others` are files whose parts may get in. */
export function damageBytes(bytes: Uint8Array, random: Random, others: readonly Uint8Array[] = [bytes]): Uint8Array {
  if (bytes.length === 0) return bytes;
  return choose(random, Object.values(byteChanges))(bytes, random, others);
}

const nested = (depth: number, [open, close]: readonly [string, string]) => open.repeat(depth) + close.repeat(depth);
const brackets = [
  ["[", "]"],
  ['{"a":[', "]}"],
] as const;

/** Texts that stand where JSON has a number, a string, or a name. */
const lies: readonly ((random: Random) => string)[] = [
  (random) => String(anyInteger(random)),
  (random) => choose(random, ["1e999", "-1e999", "1e-999", "-0", "0.5", "1e308", "NaN", "Infinity", "01", "+1", "1."]),
  (random) => choose(random, ["null", "true", "[]", "{}", '""', "[[]]", "[null]", "[1,2]", '{"a":1}', '["a"]']),
  (random) => choose(random, ['"__proto__"', '"constructor"', '"toString"', '"\\ud800"', '"\\u0000"', '"\\u202e"']),
  (random) => choose(random, ['"(a+)+$"', '"["', '"*"', '"^(.*)*$"', '"../../.."', '"/dev/zero"', '"file:///"']),
  (random) => JSON.stringify("*".repeat(choose(random, [2, 20, 60]))),
  (random) => JSON.stringify("x".repeat(choose(random, [300, 70_000]))),
  (random) => nested(choose(random, [3, 200, 20_000, 200_000]), choose(random, brackets)),
  (random) => `[${Array.from({ length: choose(random, [10, 5000]) }, (_, n) => n).join()}]`,
];

const token = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/g;

/** Changes what JSON says: a value or name becomes a lie or that of another place, or the text itself is damaged. */
export function damageJson(text: string, random: Random): Uint8Array {
  const tokens = [...text.matchAll(token)];
  const encoder = new TextEncoder();
  if (tokens.length === 0 || random() < 0.2) return damageBytes(encoder.encode(text), random);
  const { index, 0: old } = choose(random, tokens);
  // Of another place, it makes a name stand twice.
  const by = random() < 0.25 ? choose(random, tokens)[0] : choose(random, lies)(random);
  return encoder.encode(text.slice(0, index) + by + text.slice(index + old.length));
}

export function concatenated(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
