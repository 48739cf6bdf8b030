// The weight gradient of weight-grad.wgsl.ts, register-tiled: each value of gy that is loaded meets all taps of a kernel, or of
// one of its rows, each value of x several output channels.
// x [N, C, H, W], gy [N, K, P, Q]; gw [parts, K, C/G, R, S]: sums over the parts of all rows n * P + p, which are added after.
// One invocation per tile of `outChannels` channels k and `rows` kernel rows of a channel c, and part.
import { inputRow, inputRowFunction } from "../wgsl/conv-rows.ts";
import { ascending, range } from "../wgsl/conv-taps.ts";
import { wgsl } from "../wgsl/wgsl.ts";
import { type ConvWeightGradTemplate, convWeightGradWorkgroup, weightGradBindings } from "./weight-grad.wgsl.ts";

export interface ConvWeightGradTiledTemplate extends ConvWeightGradTemplate {
  /** Output channels of a tile. */
  readonly outChannels: number;
  /** Kernel rows of a tile. */
  readonly rows: number;
  /** S, which is unrolled. */
  readonly kernelWidth: number;
  readonly strideWidth: number;
  readonly dilationWidth: number;
  /** Rows of gy are whole, aligned vec4. */
  readonly aligned: boolean;
}

export function convWeightGradTiled(t: ConvWeightGradTiledTemplate): string {
  const [ks, rs, ss, pixels] = [range(t.outChannels), range(t.rows), range(t.kernelWidth), range(4)];
  const column = (i: number, s: number) => i * t.strideWidth + s * t.dilationWidth;
  const columns = ascending(pixels.flatMap((i) => ss.map((s) => column(i, s))));
  const cells = ks.flatMap((k) => rs.flatMap((r) => ss.map((s) => ({ k, r, s, name: `a${k}_${r}_${s}` }))));
  const product = (k: number, r: number, s: number) =>
    pixels.map((i) => `g${k}[${i}] * x${r}_${column(i, s)}`).join(" + ");
  const gradient = (k: number) => {
    const at = `y_row + ${k}u * out_plane + q`;
    if (t.aligned) return `vec4f(gy[(${at}) / 4u])`;
    const one = (i: number) => `select(0.0, f32(gy[${at} + min(${i}u, rest)]), ${i}u <= rest)`;
    return `vec4f(${pixels.map(one).join(", ")})`;
  };
  return wgsl`
${weightGradBindings(t, t.aligned ? "Element4" : "Element")}${inputRowFunction(t)}

@compute @workgroup_size(${convWeightGradWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = id.y * grid.x * ${convWeightGradWorkgroup}u + id.x;
  let group_channels = p.channels / p.groups;
  let row_tiles = p.kernel_height / ${t.rows}u;
  let channel_tiles = p.out_channels / ${t.outChannels}u;
  let c_in_group = index % group_channels;
  let r0 = index / group_channels % row_tiles * ${t.rows}u;
  let k0 = index / (group_channels * row_tiles) % channel_tiles * ${t.outChannels}u;
  let part = index / (group_channels * row_tiles * channel_tiles);
  if (part >= p.parts) { return; }
  let c = k0 / (p.out_channels / p.groups) * group_channels + c_in_group;
  let plane = p.height * p.width;
  let out_plane = p.out_height * p.out_width;
  let last = i32(p.width) - 1;
  let all_rows = p.items * p.out_height;
  let part_rows = (all_rows + p.parts - 1u) / p.parts;
  ${cells.map(({ name }) => `var ${name} = 0.0;`).join(" ")}
  for (var row = part * part_rows; row < min(all_rows, (part + 1u) * part_rows); row++) {
    let n = row / p.out_height;
    let i = row % p.out_height;
    let y_row = p.y_offset + n * p.y_batch_stride + k0 * out_plane + i * p.out_width;
    let x_plane = p.x_offset + n * p.x_batch_stride + c * plane;
    ${rs
      .map(
        (r) => `let h${r} = ${inputRow(t, "i", `(r0 + ${r}u)`)}; let ok${r} = h${r} >= 0 && h${r} < i32(p.height);
    let row${r} = x_plane + u32(clamp(h${r}, 0, i32(p.height) - 1)) * p.width;`,
      )
      .join("\n    ")}
    ${cells.map(({ name }) => `var ${name}_row = 0.0;`).join(" ")}
    for (var q = 0u; q < p.out_width; q += 4u) {
      ${t.aligned ? "" : "let rest = p.out_width - 1u - q;"}
      ${ks.map((k) => `let g${k} = ${gradient(k)};`).join("\n      ")}
      let first = i32(q * ${t.strideWidth}u) - i32(p.pad_left);
      ${columns.map((j) => `let c${j} = first + ${j}; let in${j} = c${j} >= 0 && c${j} <= last; let at${j} = u32(clamp(c${j}, 0, last));`).join("\n      ")}
      ${rs.map((r) => columns.map((j) => `let x${r}_${j} = select(0.0, f32(x[row${r} + at${j}]), in${j} && ok${r});`).join(" ")).join("\n      ")}
      ${cells.map(({ k, r, s, name }) => `${name}_row += ${product(k, r, s)};`).join("\n      ")}
    }
    ${cells.map(({ name }) => `${name} += ${name}_row;`).join(" ")}
  }
  let taps = p.kernel_height * ${t.kernelWidth}u;
  let channel = part * p.out_channels + k0;
  let w_at = p.gw_offset + channel * p.gw_channel_stride + c_in_group * taps + r0 * ${t.kernelWidth}u;
  ${cells.map(({ k, r, s, name }) => `gw[w_at + ${k}u * p.gw_channel_stride + ${r * t.kernelWidth + s}u] = stored_sum(${name});`).join("\n  ")}
}
`;
}
