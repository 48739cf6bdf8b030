// V[n, a*C + c, i, j] = (B^T d B)[a], d the patch of x[n, c] whose top left is (tile*i - pad_top, tile*j - pad_left).
// x [N, C, H, W]; y = V [N, A*C, I, J], A = (tile + 2)^2. Zeros stand outside of x.
// One invocation per patch of a channel: x, and y where x is full, over patches row by row and then over channels; z over n.

import { range } from "../wgsl/conv-taps.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";
import { transform, type WinogradTile, winogradMatrices } from "../wgsl/winograd.ts";

export const winogradInputParams = {
  channels: "u32", // C
  height: "u32",
  width: "u32",
  tile_rows: "u32", // I
  tile_columns: "u32", // J
  pad_top: "u32",
  pad_left: "u32",
  x_offset: "u32",
  x_batch_stride: "u32",
  y_offset: "u32",
  y_batch_stride: "u32",
} as const;

export const winogradWorkgroup = 64;

export function winogradInput({ tile }: { readonly tile: WinogradTile }): string {
  const side = range(tile + 2);
  const rows = side.map(
    (r) => `let in_h${r} = h + ${r} >= 0 && h + ${r} < i32(p.height);
  let row${r} = x_plane + u32(clamp(h + ${r}, 0, last_row)) * p.width;`,
  );
  const columns = side.map(
    (s) => `let in_v${s} = v + ${s} >= 0 && v + ${s} < i32(p.width);
  let column${s} = u32(clamp(v + ${s}, 0, last_column));`,
  );
  const loads = side.flatMap((r) =>
    side.map((s) => `let d${r}_${s} = select(0.0, x[row${r} + column${s}], in_h${r} && in_v${s});`),
  );
  const products = transform(
    winogradMatrices(tile).inputTransposed,
    (r, s) => `d${r}_${s}`,
    (a, b, value) => `y[y_at + ${a * side.length + b}u * y_step] = ${value};`,
  );
  return wgsl`
${structParams(winogradInputParams)}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(${winogradWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = id.y * grid.x * ${winogradWorkgroup}u + id.x;
  let tiles = p.tile_rows * p.tile_columns;
  let c = index / tiles;
  let i = index % tiles / p.tile_columns;
  let j = index % p.tile_columns;
  let n = id.z;
  if (c >= p.channels) { return; }
  let x_plane = p.x_offset + n * p.x_batch_stride + c * p.height * p.width;
  let h = i32(i * ${tile}u) - i32(p.pad_top);
  let v = i32(j * ${tile}u) - i32(p.pad_left);
  let last_row = i32(p.height) - 1;
  let last_column = i32(p.width) - 1;
  let y_at = p.y_offset + n * p.y_batch_stride + index;
  let y_step = p.channels * tiles;
  ${rows.join("\n  ")}
  ${columns.join("\n  ")}
  ${loads.join("\n  ")}
  ${products.join("\n  ")}
}
`;
}
