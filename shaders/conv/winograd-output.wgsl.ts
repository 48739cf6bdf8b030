// y[n, k, tile*i.., tile*j..] = activate(A^T M A + bias[k] + residual[n, k, ..]), M[a] = x[n, a*K + k, i, j].
// x = M [N, A*K, I, J], A = (tile + 2)^2; bias [K]; residual and y [N, K, P, Q].
// One invocation per tile of a channel: x, and y where x is full, over tiles row by row and then over channels; z over n.
import { activateFunction } from "../wgsl/activation.ts";
import { type EpilogueTemplate, residualArray } from "../wgsl/conv-bindings.ts";
import { range } from "../wgsl/conv-taps.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";
import { combine, type WinogradTile, winogradMatrices } from "../wgsl/winograd.ts";
import { winogradWorkgroup } from "./winograd-input.wgsl.ts";

export interface WinogradOutputTemplate extends EpilogueTemplate {
  readonly tile: WinogradTile;
  /** Rows of y and residual are whole, aligned vec4; tile 4 only. */
  readonly aligned: boolean;
}

export const winogradOutputParams = {
  channels: "u32", // K
  height: "u32", // P
  width: "u32", // Q
  tile_rows: "u32", // I
  tile_columns: "u32", // J
  x_offset: "u32",
  x_batch_stride: "u32",
  residual_offset: "u32",
  residual_batch_stride: "u32",
  y_offset: "u32",
  y_batch_stride: "u32",
} as const;

export function winogradOutput(t: WinogradOutputTemplate): string {
  const side = range(t.tile + 2);
  const cells = range(t.tile);
  const matrix = winogradMatrices(t.tile).outputTransposed;
  const type = t.aligned ? "vec4f" : "f32";
  const names = ["x", ...(t.bias ? ["bias"] : []), ...(t.residual === true ? ["residual"] : [])];
  const types = names.map((name) => (name === "residual" ? type : "f32"));
  const loads = side.flatMap((a) => side.map((b) => `let m${a}_${b} = x[x_at + ${a * side.length + b}u * x_step];`));
  const halves = cells.flatMap((i) =>
    side.map(
      (b) =>
        `let t${i}_${b} = ${combine(
          matrix[i]!,
          side.map((a) => `m${a}_${b}`),
        )};`,
    ),
  );
  const value = (i: number, j: number) =>
    combine(
      matrix[j]!,
      side.map((b) => `t${i}_${b}`),
    );
  const rows = cells.map((i) =>
    t.aligned
      ? `store(at + ${i}u * p.width, i * ${t.tile}u + ${i}u, vec4f(${cells.map((j) => value(i, j))}) + offset);`
      : cells
          .map(
            (j) =>
              `store(at + ${i}u * p.width + ${j}u, i * ${t.tile}u + ${i}u, j * ${t.tile}u + ${j}u, ${value(i, j)} + offset);`,
          )
          .join("\n  "),
  );
  return wgsl`
${structParams(winogradOutputParams)}
${names.map((name, i) => `@group(0) @binding(${i}) var<storage, read> ${name}: array<${types[i]!}>;`).join("\n")}
@group(0) @binding(${names.length}) var<storage, read_write> y: array<${type}>;
@group(0) @binding(${names.length + 1}) var<uniform> p: Params;
${activateFunction(t.activation, type)}

var<private> y_base: u32;
var<private> residual_base: u32;

#if ${t.aligned}
fn store(at: u32, row: u32, sum: vec4f) {
  if (row >= p.height) { return; }
  ${t.residual ? `let value = sum + ${residualArray(t)}[(residual_base + at) / 4u];` : "let value = sum;"}
  y[(y_base + at) / 4u] = activate(value);
}
#else
fn store(at: u32, row: u32, column: u32, sum: f32) {
  if (row >= p.height || column >= p.width) { return; }
  ${t.residual ? `let value = sum + ${residualArray(t)}[residual_base + at];` : "let value = sum;"}
  y[y_base + at] = activate(value);
}
#endif

@compute @workgroup_size(${winogradWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = id.y * grid.x * ${winogradWorkgroup}u + id.x;
  let tiles = p.tile_rows * p.tile_columns;
  let k = index / tiles;
  let i = index % tiles / p.tile_columns;
  let j = index % p.tile_columns;
  let n = id.z;
  if (k >= p.channels) { return; }
  let x_at = p.x_offset + n * p.x_batch_stride + index;
  let x_step = p.channels * tiles;
  y_base = p.y_offset + n * p.y_batch_stride;
  ${t.residual ? "residual_base = p.residual_offset + n * p.residual_batch_stride;" : ""}
  let offset = ${t.bias ? "bias[k]" : "0.0"};
  let at = (k * p.height + i * ${t.tile}u) * p.width + j * ${t.tile}u;
  ${loads.join("\n  ")}
  ${halves.join("\n  ")}
  ${rows.join("\n  ")}
}
`;
}
