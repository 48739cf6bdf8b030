// The weight gradient of weight-grad.wgsl.ts with one output channel per lane of a subgroup: each lane loads gy of its own
// channels, and all lanes share a patch of x, of which each brings a part that broadcasts hand around.
// x [N, C, H, W], gy [N, K, P, Q]; gw [parts, K, C/G, R, S]: sums over the parts of all rows n * P + p, which are added after.
// One workgroup, which is one subgroup, per `lanes` * `outChannels` channels k, `channels` channels c, `kernel[0]` kernel rows
// and part, in a row over x and y. A row of tiles is summed on its own first, which keeps the error of a long sum small. In volumes a tile of pixels lies in one slice of y, and one of kernel rows in one slice of the kernel.
// Meant for software drivers, where a load costs about 25 multiply-adds.
import { ascending, lookUp, type Pair, range, tapPairs } from "../wgsl/conv-taps.ts";
import { wgsl } from "../wgsl/wgsl.ts";
import { type ConvWeightGradTemplate, weightGradBindings } from "./weight-grad.wgsl.ts";

export interface ConvWeightGradSubgroupTemplate extends ConvWeightGradTemplate {
  /** The subgroup's size. */
  readonly lanes: number;
  /** Output channels per lane. */
  readonly outChannels: number;
  /** Input channels of a workgroup. */
  readonly channels: number;
  /** Kernel rows, and S: both unrolled. */
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  /** Pixels of gy that are taken at once. */
  readonly tile: Pair;
  /** vec4 of gy: of four pixels, whose rows are aligned, or of four channels, which are packed last: [N, P, Q, K]. */
  readonly vectors: "pixels" | "channels";
}

export function convWeightGradSubgroup(t: ConvWeightGradSubgroupTemplate): string {
  const { lanes } = t;
  const [rowTaps, columnTaps] = [tapPairs(t, 0, t.kernel[0]), tapPairs(t, 1, t.kernel[1])];
  const rows = ascending(rowTaps.map(({ at }) => at));
  const columns = ascending(columnTaps.map(({ at }) => at));
  const patch = rows.length * columns.length;
  const loads = range(Math.ceil((t.channels * patch) / lanes));
  const ks = range(t.outChannels);
  const lastChannels = t.vectors === "channels";
  const cells = ks.flatMap((k) =>
    range(t.channels).flatMap((c) =>
      range(t.kernel[0]).flatMap((r) => range(t.kernel[1]).map((s) => ({ k, c, r, s, name: `a${k}_${c}_${r}_${s}` }))),
    ),
  );
  const products = range(t.channels * patch).map((e) => {
    const c = Math.floor(e / patch);
    const [row, column] = [rows[Math.floor((e % patch) / columns.length)], columns[e % columns.length]];
    const sums = rowTaps
      .filter(({ at }) => at === row)
      .flatMap(({ i, tap: r }) =>
        columnTaps
          .filter(({ at }) => at === column)
          .flatMap(({ i: j, tap: s }) => ks.map((k) => `a${k}_${c}_${r}_${s}_row += v${e} * ${gradient(t, k, i, j)};`)),
      );
    return `let v${e} = subgroupBroadcast(x${Math.floor(e / lanes)}, ${e % lanes}u); ${sums.join(" ")}`;
  });
  const [height, outHeight, kernelHeight] = t.volume
    ? ["slice_height", "out_slice_height", "slice_kernel_height"]
    : ["height", "out_height", "kernel_height"];
  return wgsl`enable subgroups;
${weightGradBindings(t, "Element4")}

@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let index = id.y * grid.x + id.x;
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let k_tiles = (group_out_channels + ${lanes * t.outChannels - 1}u) / ${lanes * t.outChannels}u;
  let c_tiles = (group_channels + ${t.channels - 1}u) / ${t.channels}u;
  let r_tiles = p.kernel_height / ${t.kernel[0]}u;
  let c0 = index % c_tiles * ${t.channels}u;
  let r0 = index / c_tiles % r_tiles * ${t.kernel[0]}u;
  let first = index / (c_tiles * r_tiles) % k_tiles * ${lanes * t.outChannels}u + lane${lastChannels ? ` * ${t.outChannels}u` : ""};
  let group = index / (c_tiles * r_tiles * k_tiles) % p.groups;
  let part = index / (c_tiles * r_tiles * k_tiles * p.groups);
  if (part >= p.parts) { return; }
  let plane = p.height * p.width;
  let out_plane = p.out_height * p.out_width;
  let k0 = group * group_out_channels + min(first, group_out_channels - ${lastChannels ? t.outChannels : 1}u);
  ${loads
    .map(
      (l) => `let e${l} = min(${l * lanes}u + lane, ${t.channels * patch - 1}u);
  let h${l} = ${lookUp(rows, `(e${l} % ${patch}u / ${columns.length}u)`)};
  let w${l} = ${lookUp(columns, `(e${l} % ${columns.length}u)`)};
  let x${l}_plane = min(c0 + e${l} / ${patch}u, group_channels - 1u) * plane;`,
    )
    .join("\n  ")}
  let all_rows = p.items * p.out_height;
  let part_rows = (all_rows + p.parts - 1u) / p.parts;
  let end = min(all_rows, (part + 1u) * part_rows);
  ${cells.map(({ name }) => `var ${name} = 0.0;`).join(" ")}
  var row = part * part_rows;
  while (row < end) {
    let n = row / p.out_height;
    let z = row % p.out_height / p.${outHeight};
    let p0 = row % p.${outHeight};
    let tile_rows = min(min(p.${outHeight} - p0, ${t.tile[0]}u), end - row);
    row += tile_rows;
    #if ${t.volume}
    let d = i32(z * p.stride_depth + r0 / p.${kernelHeight} * p.dilation_depth) - i32(p.pad_front);
    if (d < 0 || d >= i32(p.depth)) { continue; }
    #else
    let d = 0;
    #endif
    let row0 = i32(p0 * ${t.stride[0]}u + r0 % p.${kernelHeight} * ${t.dilation[0]}u) - i32(p.pad_top);
    let x_base = p.x_offset + n * p.x_batch_stride + group * group_channels * plane + u32(d) * p.${height} * p.width;
    let y_row = (z * p.${outHeight} + p0) * p.out_width;
    let y_base = p.y_offset + n * p.y_batch_stride + ${lastChannels ? "y_row * p.out_channels + k0" : "k0 * out_plane + y_row"};
    ${cells.map(({ name }) => `var ${name}_row = 0.0;`).join(" ")}
    for (var q0 = 0u; q0 < p.out_width; q0 += ${t.tile[1]}u) {
      let column0 = i32(q0 * ${t.stride[1]}u) - i32(p.pad_left);
      ${loads
        .map(
          (
            l,
          ) => `let in${l} = row0 + h${l} >= 0 && row0 + h${l} < i32(p.${height}) && column0 + w${l} >= 0 && column0 + w${l} < i32(p.width);
      let x${l} = select(0.0, f32(x[x_base + x${l}_plane + u32((row0 + h${l}) * i32(p.width) + column0 + w${l})]), in${l});`,
        )
        .join("\n      ")}
      ${gradientLoads(t)}
      ${products.join("\n      ")}
    }
    ${cells.map(({ name }) => `${name} += ${name}_row;`).join(" ")}
  }
  let taps = p.kernel_height * ${t.kernel[1]}u;
  ${cells
    .map(({ k, c, r, s, name }) => {
      const next = lastChannels ? k : k * lanes;
      const at = `(part * p.out_channels + k0 + ${next}u) * p.gw_channel_stride + (c0 + ${c}u) * taps + r0 * ${t.kernel[1]}u`;
      return `if (first + ${next}u < group_out_channels && c0 + ${c}u < group_channels) { gw[p.gw_offset + ${at} + ${r * t.kernel[1] + s}u] = stored_sum(${name}); }`;
    })
    .join("\n  ")}
}
`;
}

/** gy at pixel (i, j) of the tile, of the lane's `k`th channel. */
function gradient({ vectors }: ConvWeightGradSubgroupTemplate, k: number, i: number, j: number): string {
  return vectors === "pixels"
    ? `g${k}_${i}_${Math.floor(j / 4)}[${j % 4}]`
    : `g${Math.floor(k / 4)}_${i}_${j}[${k % 4}]`;
}

/** Loads gy of the tile; zeros beyond its edges. */
function gradientLoads({ lanes, outChannels, tile, vectors }: ConvWeightGradSubgroupTemplate): string {
  const [channels, columns, step] =
    vectors === "pixels" ? [outChannels, tile[1] / 4, 4] : [outChannels / 4, tile[1], 1];
  const loads = range(channels).flatMap((k) =>
    range(tile[0]).flatMap((i) =>
      range(columns).map((j) => {
        const column = `${i}u * p.out_width + q0 + ${j * step}u`;
        const at =
          vectors === "pixels" ? `${k * lanes}u * out_plane + ${column}` : `(${column}) * p.out_channels + ${k * 4}u`;
        const inside = `${i}u < tile_rows && q0 + ${j * step}u < p.out_width`;
        return `let g${k}_${i}_${j} = select(vec4f(), vec4f(gy[(y_base + ${at}) / 4u]), ${inside});`;
      }),
    ),
  );
  return loads.join("\n      ");
}
