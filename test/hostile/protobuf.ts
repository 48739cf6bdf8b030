// Lies in protobuf messages: a field at any depth is changed, and the lengths around it are mended, so that what is inside is read.
import { anyInteger, concatenated, damageBytes, type Random } from "./damage.ts";

interface Field {
  readonly start: number;
  readonly contents: number;
  readonly end: number;
  readonly wireType: number;
}

/** Changes one field, at any depth, and mends the lengths around it, so that what is inside is read. */
export function damageField(bytes: Uint8Array, random: Random): Uint8Array {
  const at = Math.floor(random() * bytes.length);
  const field = fieldsOf(bytes)?.find(({ end }) => at < end);
  // What is no message is text, or numbers on end.
  if (!field)
    return random() < 0.5 ? damageBytes(bytes, random) : concatenated(varint(anyInteger(random)), bytes.subarray(1));
  const whole = bytes.subarray(field.start, field.end);
  const tag = bytes[field.start]!;
  if (field.wireType === 2 && field.end > field.contents && random() < 0.8) {
    const inner = damageField(bytes.subarray(field.contents, field.end), random);
    return replace(bytes, field, concatenated([tag], varint(inner.length), inner));
  }
  if (field.wireType === 0 && random() < 0.8)
    return replace(bytes, field, concatenated([tag], varint(anyInteger(random))));
  const kind = Math.floor(random() * 4);
  if (kind === 0) return replace(bytes, field, new Uint8Array(0));
  if (kind === 1) return replace(bytes, field, concatenated(whole, whole));
  if (kind === 2) return replace(bytes, field, concatenated(...Array.from({ length: 500 }, () => whole)));
  // A length that is a lie.
  const length = varint(Math.abs(anyInteger(random)));
  return replace(bytes, field, concatenated([tag], length, bytes.subarray(field.contents, field.end)));
}

/** Undefined for bytes that are no message. */
function fieldsOf(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at;
    const wireType = bytes[at++]! & 7;
    let [value, shift] = [0, 1];
    if (wireType === 0 || wireType === 2) {
      while (at < bytes.length && bytes[at]! >= 128) {
        value += (bytes[at++]! & 127) * shift;
        shift *= 128;
      }
      value += (bytes[at++] ?? 0) * shift;
    }
    const contents = at;
    if (wireType === 2) at += value;
    else if (wireType === 5) at += 4;
    else if (wireType === 1) at += 8;
    else if (wireType !== 0) return undefined;
    if (at > bytes.length) return undefined;
    fields.push({ start, contents, end: at, wireType });
  }
  return fields;
}

function replace(bytes: Uint8Array, { start, end }: Field, by: Uint8Array): Uint8Array {
  return concatenated(bytes.subarray(0, start), by, bytes.subarray(end));
}

function varint(value: number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}
