// U[a*K + k, c] = (G g G^T)[a], g = w[k, c]. w [K, C, 3, 3]; y = U [A*K, C, 1, 1], A = (tile + 2)^2.
// One invocation per kernel, over x and y of the grid.

import { range } from "../wgsl/conv-taps.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";
import { transform, type WinogradTile, winogradMatrices } from "../wgsl/winograd.ts";

export const winogradWeightParams = {
  kernels: "u32", // K * C
  row: "u32", // invocations along x of the grid
} as const;

export const winogradWeightWorkgroup = 64;

export function winogradWeight({ tile }: { readonly tile: WinogradTile }): string {
  const taps = range(3);
  const loads = taps.flatMap((r) => taps.map((s) => `let g${r}_${s} = w[kernel * 9u + ${r * 3 + s}u];`));
  const products = transform(
    winogradMatrices(tile).weight,
    (r, s) => `g${r}_${s}`,
    (a, b, value) => `y[${a * (tile + 2) + b}u * p.kernels + kernel] = ${value};`,
  );
  return wgsl`
${structParams(winogradWeightParams)}
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(${winogradWeightWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let kernel = id.y * p.row + id.x;
  if (kernel >= p.kernels) { return; }
  ${loads.join("\n  ")}
  ${products.join("\n  ")}
}
`;
}
