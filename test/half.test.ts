import { expect, test } from "vitest";
import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "../src/half.ts";

const allBits = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

/** The definition: sign, exponent and fraction as numbers. */
function decode(bits: number, exponentBits: number, fractionBits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

const formats = [
  { name: "F16", widen: f16ToF32, narrow: f32ToF16, value: (bits: number) => decode(bits, 5, 10), infinity: 0x7c00 },
  { name: "BF16", widen: bf16ToF32, narrow: f32ToBf16, value: (bits: number) => decode(bits, 8, 7), infinity: 0x7f80 },
];

test.each(formats)("all 65536 patterns of $name widen to their value, and narrow back to themselves", (format) => {
  const wide = format.widen(allBits);
  const back = format.narrow(wide);
  const wrong: number[] = [];
  for (const bits of allBits) {
    const isNaNPattern = (bits & 0x7fff) > format.infinity;
    // A signalling NaN comes back quiet.
    const quiet = isNaNPattern ? bits | (format.infinity === 0x7c00 ? 0x200 : 0x40) : bits;
    if (!Object.is(wide[bits], format.value(bits)) || back[bits] !== quiet) wrong.push(bits);
  }
  expect(wrong).toEqual([]);
});

test.each(formats)("$name rounds to nearest, ties to even, at and around every midpoint", (format) => {
  const inputs: number[] = [];
  const expected: number[] = [];
  for (let bits = 0; bits < format.infinity; bits++) {
    const low = format.value(bits);
    // Beyond the largest finite value the midpoint is that to the next power of two.
    const high = bits + 1 === format.infinity ? 2 * low - format.value(bits - 1) : format.value(bits + 1);
    const middle = (low + high) / 2;
    const [below, above] = neighbours(middle);
    const even = bits & 1 ? bits + 1 : bits;
    inputs.push(below, middle, above, -below, -middle, -above);
    expected.push(bits, even, bits + 1, bits | 0x8000, even | 0x8000, (bits + 1) | 0x8000);
  }
  const narrow = format.narrow(Float32Array.from(inputs));
  const wrong = expected.map((bits, i) => (bits === narrow[i] ? -1 : i)).filter((i) => i >= 0);
  expect(wrong.slice(0, 3).map((i) => [inputs[i], narrow[i], expected[i]])).toEqual([]);
});

test("F16: what is too small becomes a signed zero, what is too large infinite", () => {
  const given = Float32Array.of(2 ** -26, -(2 ** -26), 2 ** -149, 65519, 65520, -3e38, Number.NEGATIVE_INFINITY);
  expect([...f32ToF16(given)]).toEqual([0, 0x8000, 0, 0x7bff, 0x7c00, 0xfc00, 0xfc00]);
});

test("a NaN whose payload does not fit stays NaN, with its sign", () => {
  const nan = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001).buffer);
  expect([...f32ToF16(nan)]).toEqual([0x7e00, 0xfe00]);
  expect([...f32ToBf16(nan)]).toEqual([0x7fc0, 0xffc0]);
});

test("views into larger buffers are converted where they lie", () => {
  expect([...f32ToF16(Float32Array.of(9, 1, 2, 9).subarray(1, 3))]).toEqual([0x3c00, 0x4000]);
  expect([...f16ToF32(Uint16Array.of(9, 0x3c00, 9).subarray(1, 2))]).toEqual([1]);
});

/** The F32 numbers right below and above a positive F32 number; above the largest there is none nearer than itself. */
function neighbours(value: number): [number, number] {
  const float = Float32Array.of(value);
  const bits = new Uint32Array(float.buffer);
  bits[0]!--;
  const below = float[0]!;
  bits[0]! += 2;
  return [below, float[0]!];
}
