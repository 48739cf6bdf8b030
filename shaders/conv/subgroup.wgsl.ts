// The convolution of direct.wgsl.ts, transposed or not, with one output channel per lane
// of a subgroup: a load brings as many different numbers as there are lanes, and broadcasts hand them around.
// x [N, C, H, W]; w packed by packLaneWeights; bias [K]; residual and y [N, K, P, Q]. In volumes a tile lies in one slice
// of y, and the slices of x that it reads are taken one after the other.
// One workgroup, which is one subgroup, per tile of output pixels and `lanes` channels; each invocation keeps the tile of
// its channel in registers. The tile's input patch is loaded lane by lane, its weights as vec4 of taps.
// x over tile columns, y over tile rows (of all slices), z over (n * groups + group) * channel tiles.
// Meant for software drivers, where a load costs about 25 multiply-adds, and others with small subgroups.
import { activateFunction } from "../wgsl/activation.ts";
import { type ConvEpilogueTemplate, convBindings, residualArray } from "../wgsl/conv-bindings.ts";
import { unstridedFunction } from "../wgsl/conv-rows.ts";
import { ascending, lookUp, range, type TapTemplate, tapPairs } from "../wgsl/conv-taps.ts";
import { wgsl } from "../wgsl/wgsl.ts";

export interface ConvSubgroupTemplate extends TapTemplate, ConvEpilogueTemplate {
  /** The subgroup's size. */
  readonly lanes: number;
  /** Input channels per iteration, so that small kernels fill a vec4. */
  readonly channelBlock: number;
  /** Loops over kernel rows instead of unrolling them. */
  readonly loopRows: boolean;
  /** Rows of y and residual are whole, aligned vec4. */
  readonly aligned: boolean;
}

export function convSubgroup(t: ConvSubgroupTemplate): string {
  const { lanes, channelBlock } = t;
  const steps = t.loopRows ? t.kernel[0] : 1;
  const stepRows = t.kernel[0] / steps;
  const rowTaps = tapPairs(t, 0, stepRows);
  const columnTaps = tapPairs(t, 1, t.kernel[1]);
  const rows = ascending(rowTaps.map(({ at }) => at));
  const columns = ascending(columnTaps.map(({ at }) => at));
  const patch = rows.length * columns.length;
  const loads = range(Math.ceil((channelBlock * patch) / lanes));
  const vectors = Math.ceil((channelBlock * stepRows * t.kernel[1]) / 4);
  const products = range(channelBlock * patch).map((e) => {
    const [row, column] = [rows[Math.floor((e % patch) / columns.length)], columns[e % columns.length]];
    const block = Math.floor(e / patch);
    const sums = rowTaps.flatMap((r) =>
      columnTaps.flatMap((s) => {
        if (r.at !== row || s.at !== column) return [];
        const tap = (block * stepRows + r.tap) * t.kernel[1] + s.tap;
        return [`a${r.i}_${s.i} += v${e} * w${tap >> 2}[${tap & 3}];`];
      }),
    );
    return `let v${e} = subgroupBroadcast(x${Math.floor(e / lanes)}, ${e % lanes}u); ${sums.join(" ")}`;
  });
  const cells = range(t.tile[0]).flatMap((i) => range(t.tile[1]).map((j) => `a${i}_${j}`));
  const type = t.aligned ? "vec4f" : "f32";
  const quads = range(t.tile[1] / 4).map((h) => range(4).map((e) => h * 4 + e));
  const stores = range(t.tile[0]).flatMap((i) =>
    quads.map(
      (quad) =>
        `store(n, k, ${t.volume ? "z, " : ""}p0 + ${i}u, q0 + ${quad[0]!}u, vec4f(${quad.map((j) => `a${i}_${j}`)}));`,
    ),
  );
  const height = t.volume ? "slice_height" : "height";
  const inside = `h >= 0 && h < i32(p.${height})`;
  const volume = volumeCode(t, steps * vectors * lanes);
  return wgsl`enable subgroups;
${convBindings(t, { w: "Element4", y: t.aligned ? "Element4" : "Element" })}
${activateFunction(t.activation, type)}${volume.functions}

fn store(n: u32, k: u32, ${t.volume ? "slice: u32, " : ""}row: u32, column: u32, sum: vec4f) {
  if (row >= p.${t.volume ? "out_slice_height" : "out_height"} || column >= p.out_width) { return; }
  let element = (k * p.out_height + ${t.volume ? "slice * p.out_slice_height + " : ""}row) * p.out_width + column;
  let y_at = p.y_offset + n * p.y_batch_stride + element;
  ${t.residual ? "let residual_at = p.residual_offset + n * p.residual_batch_stride + element;" : ""}
  var value = sum;
  ${t.bias ? "value += bias[k];" : ""}
  #if ${t.aligned}
  ${t.residual ? `value += vec4f(${residualArray(t)}[residual_at / 4u]);` : ""}
  y[y_at / 4u] = stored4(activate(value));
  #else
  for (var e = 0u; e < min(4u, p.out_width - column); e++) {
    y[y_at + e] = stored(activate(value[e]${t.residual ? ` + f32(${residualArray(t)}[residual_at + e])` : ""}));
  }
  #endif
}

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let tiles = (group_out_channels + ${lanes - 1}u) / ${lanes}u;
  let group = id.z / tiles % p.groups;
  let n = id.z / tiles / p.groups;
  let q0 = id.x * ${t.tile[1]}u;
  ${volume.place}
  #if ${t.transposedPadding !== undefined}
  let row0 = i32(p0 / ${t.stride[0]}u);
  let column0 = i32(q0 / ${t.stride[1]}u);
  #else
  let row0 = i32(p0 * ${t.stride[0]}u) - i32(p.pad_top);
  let column0 = i32(q0 * ${t.stride[1]}u) - i32(p.pad_left);
  #endif
  let plane = p.${height} * p.width;
  ${loads
    .map(
      (l) => `let e${l} = min(${l * lanes}u + lane, ${channelBlock * patch - 1}u); let c${l} = e${l} / ${patch}u;
  let h${l} = row0 + ${lookUp(rows, `(e${l} % ${patch}u / ${columns.length}u)`)};
  let v${l} = column0 + ${lookUp(columns, `(e${l} % ${columns.length}u)`)};
  let in${l} = v${l} >= 0 && v${l} < i32(p.width)${t.loopRows ? "" : ` && ${inside.replaceAll("h ", `h${l} `)}`};
  let o${l} = c${l} * ${volume.channel} + u32(h${l} * i32(p.width) + v${l});`,
    )
    .join("\n  ")}
  ${cells.map((cell) => `var ${cell} = 0.0;`).join(" ")}
  var ${volume.base} = p.x_offset + n * p.x_batch_stride + group * group_channels * ${volume.channel};
  let blocks = (group_channels + ${channelBlock - 1}u) / ${channelBlock}u;
  var w_at = id.z % (tiles * p.groups) * blocks * ${volume.slices}${steps * vectors * lanes}u + lane;
  for (var c = 0u; c < group_channels; c += ${channelBlock}u) {${volume.loop}
    for (var r = 0; r < ${steps}; r++) {
      let down = r * ${t.dilation[0]};
      let x_row = x_plane + u32(down) * p.width;
      ${loads
        .map((l) => {
          const inRow = t.loopRows ? ` && h${l} + down >= 0 && h${l} + down < i32(p.${height})` : "";
          const inBlock = channelBlock > 1 ? ` && c + c${l} < group_channels` : "";
          return `let x${l} = select(0.0, f32(x[x_row + o${l}]), in${l}${inRow}${inBlock});`;
        })
        .join("\n      ")}
      ${range(vectors)
        .map((v) => `let w${v} = vec4f(w[w_at + ${v * lanes}u]);`)
        .join(" ")}
      ${products.join("\n      ")}
      w_at += ${vectors * lanes}u;
    }
    ${volume.end}${volume.base} += ${channelBlock}u * ${volume.channel};
  }
  let channel = id.z % tiles * ${lanes}u + lane;
  if (channel >= group_out_channels) { return; }
  let k = group * group_out_channels + channel;
  ${stores.join("\n  ")}
}
`;
}

/** What a volume's tile has beside an image's: its slice, and a loop over the slices it reads, of `weights` weights each. */
function volumeCode(t: ConvSubgroupTemplate, weights: number) {
  if (!t.volume) {
    const place = `let p0 = id.y * ${t.tile[0]}u;`;
    return { functions: "", place, channel: "plane", base: "x_plane", slices: "", loop: "", end: "" };
  }
  const slice = t.transposedPadding
    ? "unstrided(i32(z + p.pad_front) - i32(t * p.dilation_depth), p.stride_depth, p.depth)"
    : "i32(z * p.stride_depth + t * p.dilation_depth) - i32(p.pad_front)";
  return {
    functions: t.transposedPadding ? unstridedFunction : "",
    place: `let tile_rows = (p.out_slice_height + ${t.tile[0] - 1}u) / ${t.tile[0]}u;
  let z = id.y / tile_rows;
  let p0 = id.y % tile_rows * ${t.tile[0]}u;
  let slices = p.kernel_height / p.slice_kernel_height;`,
    channel: "(p.depth * plane)",
    base: "x_volume",
    slices: "slices * ",
    loop: `
    for (var t = 0u; t < slices; t++) {
    let d = ${slice};
    if (d < 0 || d >= i32(p.depth)) { w_at += ${weights}u; continue; }
    let x_plane = x_volume + u32(d) * plane;`,
    end: `}
    `,
  };
}
