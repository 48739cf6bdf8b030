// Windows that slide over an axis, seen from the positions that they read.

/** How far apart windows are, and how far before the first element they begin. */
export const windowParams = {
  stride_depth: "u32",
  stride_height: "u32",
  stride_width: "u32",
  pad_front: "u32",
  pad_top: "u32",
  pad_left: "u32",
} as const;

/** `windows(...)`: those that reach a position, from .x, below .y. A window reads from `i * stride - pad` on; `reach` is how far. */
export const windowsFunction = `
fn windows(position: u32, pad: u32, reach: u32, stride: u32, count: u32) -> vec2u {
  let padded = position + pad;
  let first = select(0u, (padded - reach) / stride + 1u, padded >= reach);
  return vec2u(first, min(padded / stride + 1u, count));
}`;
