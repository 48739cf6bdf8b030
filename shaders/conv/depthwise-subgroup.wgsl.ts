// The depthwise convolution of direct.wgsl.ts with stride 1 (groups = C), each input loaded once: the lanes of a subgroup hold
// whole rows of x as vec4, hand them to each other, and walk down rows a dilation apart, which their sums take turns in.
// x [N, C, H, W], w [K, 1, R, S], bias [K], residual and y [N, K, P, Q]; W and Q are multiples of 4; the input channel of k is
// k / (K / C).
// One workgroup, which is one subgroup, per lanes / rowLanes channels, of which invocation i keeps the blocks i, i + rowLanes, ...
// of four columns, `vectors` in all.
// x over the first of rows a dilation apart, in steps of the grid; y over groups of channels, z over n.
// Meant for software drivers, where a load costs about 25 multiply-adds.

import { columnBlocks, type DepthwiseQuadTemplate, quadAccess, quadLoad } from "../wgsl/conv-quads.ts";
import { range } from "../wgsl/conv-taps.ts";
import { wgsl } from "../wgsl/wgsl.ts";

export interface DepthwiseSubgroupTemplate extends DepthwiseQuadTemplate {
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
  // What lies `block` blocks on is with the lane `distance` on, `turns` vectors later, one more where the lanes wrap.
  const turns = (block: number) => Math.floor(block / rowLanes);
  const distance = (block: number) => block - turns(block) * rowLanes;
  const isKept = (v: number) => v >= 0 && v < vectors;
  const distances = [...new Set(blocks.map(distance))].filter((lanesOn) => lanesOn > 0);
  const sources = distances.map(
    (lanesOn) =>
      `let from_${lanesOn} = row_lane + (block + ${lanesOn}u) % ${rowLanes}u; let wraps_${lanesOn} = block >= ${rowLanes - lanesOn}u;`,
  );
  const handed = blocks.map((block) => {
    const lanesOn = distance(block);
    if (lanesOn === 0) {
      const kept = (v: number) => (isKept(v) ? `x_${v}` : "vec4f()");
      return range(vectors).map((v) => `let ${name(block, v)} = ${kept(v + turns(block))};`);
    }
    const later = range(vectors + 1).map((v) => v + turns(block));
    const shuffled = later
      .filter(isKept)
      .map((v) => `let h${name(block, v)} = subgroupShuffle(x_${v}, from_${lanesOn});`);
    const held = (v: number) => (isKept(v) ? `h${name(block, v)}` : "vec4f()");
    const selected = range(vectors).map(
      (v) => `let ${name(block, v)} = select(${held(later[v]!)}, ${held(later[v]! + 1)}, wraps_${lanesOn});`,
    );
    return [...shuffled, ...selected];
  });
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
  const sumNames = range(kernelRows).flatMap((m) => range(vectors).map((v) => `a${m}_${v}`));
  const columns = range(vectors).map((v) => `(block + ${v * rowLanes}u) * 4u`);
  const loads = columns.map(
    (column, v) => `let x_${v} = select(vec4f(), load(x_row + min(${column}, p.width - 4u)), ${column} < p.width);`,
  );
  const stores = columns.map((column, v) => `if (${column} < p.out_width) { store(n, k, row, ${column}, a0_${v}); }`);
  return wgsl`enable subgroups;
${quadAccess(t)}
${quadLoad(t)}

@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let block = lane % ${rowLanes}u;
  let row_lane = lane - block;
  let k = id.y * ${lanes / rowLanes}u + lane / ${rowLanes}u;
  let channel = min(k, p.out_channels - 1u);
  let n = id.z;
  let x_plane = p.x_offset + n * p.x_batch_stride + channel / (p.out_channels / p.channels) * p.height * p.width;
  ${sources.join("\n  ")}
  ${range(Math.ceil(taps / rowLanes))
    .map((i) => `let w_${i} = f32(w[channel * ${taps}u + min(${i * rowLanes}u + block, ${taps - 1}u)]);`)
    .join("\n  ")}
  ${weights.join("\n  ")}
  let step = p.dilation_height;
  let reach = ${kernelRows - 1}u * step;
  for (var first = id.x; first < min(step, p.out_height); first += grid.x) {
    ${sumNames.map((name) => `var ${name} = vec4f();`).join(" ")}
    // The row of x that the first taps of output top meet, and the last ones of output top - reach, which is then done.
    for (var top = first${kernelRows > 1 ? " + select(0u, step, first < p.pad_top)" : ""}; top < p.out_height + reach; top += step) {
      let h = i32(top) - i32(p.pad_top);
      if (h >= 0 && h < i32(p.height)) {
        let x_row = x_plane + u32(h) * p.width;
        ${loads.join("\n        ")}
        ${handed.flat().join("\n        ")}
        ${sums.join("\n        ")}
      }
      if (top >= first + reach && k < p.out_channels) {
        let row = top - reach;
        ${stores.join("\n        ")}
      }
      ${sumNames.map((name, i) => `${name} = ${sumNames[i + vectors] ?? "vec4f()"};`).join(" ")}
    }
  }
}
`;
}
