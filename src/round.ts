// Rounding as IEEE 754, Python, PyTorch and ONNX do it.

/** The nearest integer, the even one of two. */
export function roundHalfEven(value: number): number {
  return Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);
}
