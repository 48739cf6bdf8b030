// The convolution of direct.wgsl.ts, register-tiled: each input value that is loaded meets several output channels, each
// weight several pixels. x [N, C, H, W]; w packed [G, C/G, R, S, Kp]; bias [K]; y [N, K, P, Q]; or volumes, as there.
// One invocation per tile of `pixels` columns and 4 * `quads` channels: x, and y where x is full, over tiles row by row and
// then over channel tiles of all groups; z over n.
import { type ColumnTemplate, inputColumns, inputRow, inputRowFunction } from "../wgsl/conv-rows.ts";
import { range } from "../wgsl/conv-taps.ts";
import {
  type TileTemplate,
  tileAccumulators,
  tileDeclarations,
  tileProducts,
  tileStores,
  tileWorkgroup,
} from "../wgsl/conv-tile.ts";
import { wgsl } from "../wgsl/wgsl.ts";

export interface Conv2dTiledTemplate extends TileTemplate, ColumnTemplate {
  /** Every four pixels are one aligned vec4 of x: 1x1 kernels with stride 1 on planes that are multiples of 4. */
  readonly vectorLoads: boolean;
  /** Rows of y and residual are whole, aligned vec4. */
  readonly aligned: boolean;
}

export function conv2dTiled(t: Conv2dTiledTemplate): string {
  const { column, edges, loads } = inputColumns(t, t.pixels);
  const pixelQuads = range(t.pixels / 4);
  const products = range(t.kernelWidth).map((s) => {
    const names = range(t.quads).map((v) => `w${s}_${v}`);
    const weights = names.map((name, v) => `let ${name} = vec4f(w[w_row + ${s}u * k_quads + ${v}u]);`).join(" ");
    return `${weights} ${tileProducts(
      t,
      range(t.pixels).map((i) => `x${column(i, s)}`),
      names,
    )}`;
  });
  const vectorNames = range(t.quads).map((v) => `w_${v}`);
  return wgsl`
${tileDeclarations(t, { x: t.vectorLoads ? "Element4" : "Element", aligned: t.aligned })}${inputRowFunction(t)}

@compute @workgroup_size(${tileWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let tiles = (p.out_width + ${t.pixels - 1}u) / ${t.pixels}u;
  let plane_tiles = tiles * p.out_height;
  let index = id.y * grid.x * ${tileWorkgroup}u + id.x;
  let row = index % plane_tiles / tiles;
  let q0 = index % tiles * ${t.pixels}u;
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let channel_tiles = (group_out_channels + ${4 * t.quads - 1}u) / ${4 * t.quads}u;
  let k_quads = channel_tiles * ${t.quads}u;
  let channel_tile = index / plane_tiles;
  let group = channel_tile / channel_tiles;
  if (group >= p.groups) { return; }
  let k_in_group = channel_tile % channel_tiles * ${4 * t.quads}u;
  let k0 = group * group_out_channels + k_in_group;
  let k_end = (group + 1u) * group_out_channels;
  let first_channel = group * group_channels;
  let n = id.z;
  let plane = p.height * p.width;
  ${tileAccumulators(t)}
  #if ${t.vectorLoads}
  for (var c = first_channel; c < first_channel + group_channels; c++) {
    let x_at = (p.x_offset + n * p.x_batch_stride + c * plane + q0) / 4u;
    ${pixelQuads.map((h) => `let xs${h} = vec4f(x[x_at + ${h}u]);`).join(" ")}
    ${vectorNames.map((name, v) => `let ${name} = vec4f(w[c * k_quads + k_in_group / 4u + ${v}u]);`).join(" ")}
    ${tileProducts(
      t,
      pixelQuads.flatMap((h) => ["x", "y", "z", "w"].map((lane) => `xs${h}.${lane}`)),
      vectorNames,
    )}
  }
  #else
  let first = i32(q0 * ${t.strideWidth}u) - i32(p.pad_left);
  let last = i32(p.width) - 1;
  ${edges.join("\n  ")}
  for (var r = 0u; r < p.kernel_height; r++) {
    let h = ${inputRow(t, "row", "r")};
    if (h < 0 || h >= i32(p.height)) { continue; }
    for (var c = first_channel; c < first_channel + group_channels; c++) {
      let x_row = p.x_offset + n * p.x_batch_stride + c * plane + u32(h) * p.width;
      let w_row = (c * p.kernel_height + r) * ${t.kernelWidth}u * k_quads + k_in_group / 4u;
      ${loads.join("\n      ")}
      ${products.join("\n      ")}
    }
  }
  #endif
  ${tileStores(t, (i) => `q0 + ${i}u`)}
}
`;
}
