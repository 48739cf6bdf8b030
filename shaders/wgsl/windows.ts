// Windows that slide over an axis, seen from the positions that they read.

/** `windows(...)`: those that reach a position, from .x, below .y. A window reads from `i * stride - pad` on; `reach` is how far. */
export const windowsFunction = `
fn windows(position: u32, pad: u32, reach: u32, stride: u32, count: u32) -> vec2u {
  let padded = position + pad;
  let first = select(0u, (padded - reach) / stride + 1u, padded >= reach);
  return vec2u(first, min(padded / stride + 1u, count));
}`;
