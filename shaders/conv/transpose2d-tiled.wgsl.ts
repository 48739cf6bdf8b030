// The transposed convolution of direct.wgsl.ts, register-tiled: an invocation computes neighbouring outputs of all
// phases, which share inputs, and only the products that meet no gap.
// x [N, C, H, W]; w packed [G, C/G, R, S, Kp]; bias [K]; residual and y [N, K, P, Q].
// One invocation per tile of outputs and 4 channels: x, and y where x is full, over tiles row by row and then over channel
// quads of all groups; z over n. A tile's rows and columns are multiples of the stride, its columns of 4 too.
import { ascending, lookUp, range, type TapTemplate, tapPairs } from "../wgsl/conv-taps.ts";
import { rowStores, type TileTemplate, tileDeclarations, tileWorkgroup } from "../wgsl/conv-tile.ts";
import { wgsl } from "../wgsl/wgsl.ts";

export interface ConvTranspose2dTiledTemplate extends Omit<TileTemplate, "pixels" | "quads">, TapTemplate {
  /** Rows of y and residual are whole, aligned vec4. */
  readonly aligned: boolean;
}

export function convTranspose2dTiled(t: ConvTranspose2dTiledTemplate): string {
  const rowTaps = tapPairs(t, 0, t.kernel[0]);
  const columnTaps = tapPairs(t, 1, t.kernel[1]);
  const rows = ascending(rowTaps.map(({ at }) => at));
  const columns = ascending(columnTaps.map(({ at }) => at));
  const cells = range(t.tile[0]).flatMap((i) => range(t.tile[1]).map((j) => `a${i}_${j}`));
  const edges = [
    ...rows.map((_, i) => {
      const at = `row0 + ${lookUp(rows, `${i}u`)}`;
      return `let h${i} = ${at}; let in_h${i} = h${i} >= 0 && h${i} < i32(p.height); let y${i} = u32(clamp(h${i}, 0, i32(p.height) - 1)) * p.width;`;
    }),
    ...columns.map((_, j) => {
      const at = `column0 + ${lookUp(columns, `${j}u`)}`;
      return `let v${j} = ${at}; let in_v${j} = v${j} >= 0 && v${j} < i32(p.width); let x${j} = u32(clamp(v${j}, 0, i32(p.width) - 1));`;
    }),
  ];
  const loads = rows.flatMap((_, i) =>
    columns.map((_, j) => `let d${i}_${j} = select(0.0, f32(x[x_plane + y${i} + x${j}]), in_h${i} && in_v${j});`),
  );
  const taps = range(t.kernel[0]).flatMap((r) => range(t.kernel[1]).map((s) => ({ r, s })));
  const products = taps.map(({ r, s }) => {
    const weight = `let w${r}_${s} = vec4f(w[w_at + ${r * t.kernel[1] + s}u * k_quads]);`;
    const sums = rowTaps
      .filter(({ tap }) => tap === r)
      .flatMap((row) =>
        columnTaps
          .filter(({ tap }) => tap === s)
          .map((column) => {
            const input = `d${rows.indexOf(row.at)}_${columns.indexOf(column.at)}`;
            return `a${row.i}_${column.i} += ${input} * w${r}_${s};`;
          }),
      );
    return `${weight} ${sums.join(" ")}`;
  });
  const stores = range(t.tile[0]).map((i) =>
    rowStores(t.tile[1], {
      row: `p0 + ${i}u`,
      column: (j) => `q0 + ${j}u`,
      cell: (j) => `a${i}_${j}`,
      firstChannel: "k0",
    }),
  );
  return wgsl`
${tileDeclarations({ ...t, pixels: t.tile[1], quads: 1 }, { aligned: t.aligned })}

@compute @workgroup_size(${tileWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let tile_columns = (p.out_width + ${t.tile[1] - 1}u) / ${t.tile[1]}u;
  let tile_rows = (p.out_height + ${t.tile[0] - 1}u) / ${t.tile[0]}u;
  let index = id.y * grid.x * ${tileWorkgroup}u + id.x;
  let tile = index % (tile_rows * tile_columns);
  let p0 = tile / tile_columns * ${t.tile[0]}u;
  let q0 = tile % tile_columns * ${t.tile[1]}u;
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let k_quads = (group_out_channels + 3u) / 4u;
  let quad = index / (tile_rows * tile_columns);
  let group = quad / k_quads;
  if (group >= p.groups) { return; }
  let k0 = group * group_out_channels + quad % k_quads * 4u;
  let k_end = (group + 1u) * group_out_channels;
  let n = id.z;
  let row0 = i32(p0 / ${t.stride[0]}u);
  let column0 = i32(q0 / ${t.stride[1]}u);
  ${edges.join("\n  ")}
  ${cells.map((cell) => `var ${cell} = vec4f();`).join(" ")}
  for (var c = group * group_channels; c < (group + 1u) * group_channels; c++) {
    let x_plane = p.x_offset + n * p.x_batch_stride + c * p.height * p.width;
    let w_at = c * ${t.kernel[0] * t.kernel[1]}u * k_quads + quad % k_quads;
    ${loads.join("\n    ")}
    ${products.join("\n    ")}
  }
  ${stores.join("\n  ")}
}
`;
}
