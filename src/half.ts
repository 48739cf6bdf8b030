// F16 and BF16 to and from F32, bit by bit. Widening is exact. Narrowing rounds to nearest, ties to even, as IEEE 754 and PyTorch do;
// NaN stays NaN and keeps the payload bits that fit. Sources: IEEE 754-2019, 3.4 (binary16) and 4.3.1 (roundTiesToEven).
import type { DType, TensorData } from "./tensor.ts";

/** Widens binary16 bit patterns; the values are exact, subnormals included. */
export function f16ToF32(bits: Uint16Array): Float32Array {
  const wide = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) wide[i] = widenF16(bits[i]!);
  return new Float32Array(wide.buffer);
}

/** Widens bfloat16 bit patterns, which are the upper halves of F32 ones. */
export function bf16ToF32(bits: Uint16Array): Float32Array {
  const wide = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) wide[i] = bits[i]! << 16;
  return new Float32Array(wide.buffer);
}

/** Floats as the host data of a tensor: themselves, or the bits of the nearest finite f16. */
export function fromF32(values: Float32Array, dtype: DType): Float32Array | Uint16Array {
  return dtype === "f16" ? f32ToF16(values.map(saturateF16)) : values;
}

/** Host data of a tensor as floats. */
export function toF32(data: TensorData, dtype: DType): Float32Array {
  if (dtype === "f16" && data instanceof Uint16Array) return f16ToF32(data);
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

/** The nearest finite value of binary16's range; NaN stays NaN. */
export function saturateF16(value: number): number {
  return Math.min(Math.max(value, -65504), 65504);
}

/** Narrows to binary16 bit patterns; magnitudes from 65520 up become infinite. */
export function f32ToF16(values: Float32Array): Uint16Array {
  return narrow(values, narrowF16);
}

/** Narrows to bfloat16 bit patterns. */
export function f32ToBf16(values: Float32Array): Uint16Array {
  return narrow(values, narrowBf16);
}

function narrow(values: Float32Array, one: (bits: number) => number): Uint16Array {
  const wide = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i++) halves[i] = one(wide[i]!);
  return halves;
}

function widenF16(bits: number): number {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // Subnormal: fraction * 2^-24. Shift the leading one into the place that F32 leaves implicit.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

function narrowF16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    return sign | ((rounded - 0x38000000) >>> 13);
  }
  // Below 2^-14 the result counts units of 2^-24; the significand counts units of 2^(exponent - 150).
  const shift = 126 - (magnitude >>> 23);
  if (shift > 24) return sign;
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const units = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const roundUp = rest > half || (rest === half && (units & 1) === 1);
  return sign | (roundUp ? units + 1 : units);
}

function narrowBf16(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
