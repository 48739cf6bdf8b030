// The depthwise convolution of conv2d-direct with stride 1 (groups = C), each input loaded once: the lanes of a subgroup hold
// whole rows of x as vec4, hand them to each other, and walk down rows a dilation apart, which their sums take turns in.
// x [N, C, H, W], w [K, 1, R, S], bias [K], residual and y [N, K, P, Q]; W and Q are multiples of 4; the input channel of k is
// k / (K / C).
// One workgroup, which is one subgroup, per every d-th row of lanes / rowLanes channels. Invocation i of a channel keeps blocks i,
// i + rowLanes, ... of four columns, `vectors` in all.
// x over the first rows of columns (min(d, P)), y over groups of channels, z over n.
// Meant for software drivers, where a load costs about 25 multiply-adds.
import { range } from "./conv-taps.ts";
import { columnAccess, columnBlocks, type DepthwiseColumnsTemplate } from "./depthwise-columns.ts";
import { wgsl } from "./wgsl.ts";

export interface DepthwiseSubgroupTemplate extends DepthwiseColumnsTemplate {
  /** The subgroup's size. */
  readonly lanes: number;
  /** Lanes that share a row, a power of two. */
  readonly rowLanes: number;
  /** Blocks of four columns per lane. */
  readonly vectors: number;
}

export function conv2dDepthwiseSubgroup(t: DepthwiseSubgroupTemplate): string {
  const { lanes, rowLanes, vectors } = t;
  const [kernelRows, kernelColumns] = t.kernel;
  const { blocks, inputs } = columnBlocks(t);
  const name = (block: number, v: number) => `x${blocks.indexOf(block)}_${v}`;
  /** Block `block` from the one of lane `i` is with lane (i + block) % rowLanes, `turns` vectors on, one more where that wraps. */
  const handed = blocks.map((block) => {
    const turns = Math.floor(block / rowLanes);
    const lane = block - turns * rowLanes;
    const held = range(vectors + 1)
      .map((v) => v + turns)
      .filter((v) => v >= 0 && v < vectors);
    const from = (v: number) => (held.includes(v) ? `${name(block, v)}_held` : "vec4f()");
    const handOver = lane === 0 ? (v: number) => `x_${v}` : (v: number) => `subgroupShuffle(x_${v}, from_${lane})`;
    return [
      ...held.map((v) => `let ${name(block, v)}_held = ${handOver(v)};`),
      ...range(vectors).map((v) => {
        const [here, wrapped] = [from(v + turns), from(v + turns + 1)];
        return `let ${name(block, v)} = ${lane === 0 ? here : `select(${here}, ${wrapped}, wraps_${lane})`};`;
      }),
    ].join(" ");
  });
  const distances = new Set(blocks.map((block) => block - Math.floor(block / rowLanes) * rowLanes));
  const neighbours = [...distances].map(
    (lane) =>
      `let from_${lane} = row_lane + (block + ${lane}u) % ${rowLanes}u; let wraps_${lane} = block >= ${rowLanes - lane}u;`,
  );
  const taps = kernelRows * kernelColumns;
  const weights = range(taps).map(
    (tap) => `let w${tap} = subgroupShuffle(w_${Math.floor(tap / rowLanes)}, row_lane + ${tap % rowLanes}u);`,
  );
  // Sum a_m is that of the output whose last row of taps comes m rows later.
  const sums = range(vectors).flatMap((v) => {
    const shifted = inputs((block) => name(block, v));
    return [
      shifted.map((input, s) => `let t${s}_${v} = ${input};`).join(" "),
      ...range(kernelRows).map((r) => {
        const products = shifted.map((_, s) => `t${s}_${v} * w${r * kernelColumns + s}`);
        return `a${kernelRows - 1 - r}_${v} += ${products.join(" + ")};`;
      }),
    ];
  });
  const each = (line: (v: number) => string) => range(vectors).map(line).join("\n      ");
  return wgsl`enable subgroups;
${columnAccess(t)}

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let block = lane % ${rowLanes}u;
  let row_lane = lane - block;
  let k = id.y * ${lanes / rowLanes}u + lane / ${rowLanes}u;
  let channel = min(k, p.out_channels - 1u);
  let n = id.z;
  let x_plane = p.x_offset + n * p.x_batch_stride + channel / (p.out_channels / p.channels) * p.height * p.width;
  ${neighbours.join("\n  ")}
  ${range(Math.ceil(taps / rowLanes))
    .map((i) => `let w_${i} = f32(w[channel * ${taps}u + min(${i * rowLanes}u + block, ${taps - 1}u)]);`)
    .join("\n  ")}
  ${weights.join("\n  ")}
  ${range(kernelRows)
    .flatMap((m) => range(vectors).map((v) => `var a${m}_${v} = vec4f();`))
    .join(" ")}
  let step = p.dilation_height;
  let rows = (p.out_height - id.x + step - 1u) / step;
  for (var i = 0u; i < rows + ${kernelRows - 1}u; i++) {
    let h = i32(id.x + i * step) - i32(p.pad_top);
    if (h >= 0 && h < i32(p.height)) {
      let x_row = x_plane + u32(h) * p.width;
      ${each((v) => {
        const column = `(block + ${v * rowLanes}u) * 4u`;
        return `let x_${v} = select(vec4f(), load(x_row + min(${column}, p.width - 4u)), ${column} < p.width);`;
      })}
      ${handed.join("\n      ")}
      ${sums.join("\n      ")}
    }
    if (i >= ${kernelRows - 1}u && k < p.out_channels) {
      let row = id.x + (i - ${kernelRows - 1}u) * step;
      ${each((v) => {
        const column = `(block + ${v * rowLanes}u) * 4u`;
        return `if (${column} < p.out_width) { store(n, k, row, ${column}, a0_${v}); }`;
      })}
    }
    ${range(kernelRows)
      .flatMap((m) => range(vectors).map((v) => `a${m}_${v} = ${m + 1 < kernelRows ? `a${m + 1}_${v}` : "vec4f()"};`))
      .join(" ")}
  }
}
`;
}
