// The depthwise convolution of direct.wgsl.ts with stride 1 (groups = C), four neighbouring columns at a time: inputs are loaded
// as whole vec4 of a row, which the taps take shifted, and rows that lie a dilation apart are shared by the outputs of a tile.
// x [N, C, H, W], w [K, 1, R, S], bias [K], residual and y [N, K, P, Q]; W and Q are multiples of 4; the input channel of k is
// k / (K / C).
// One invocation per four columns of `tileRows` outputs a dilation apart: x, and y where x is full, over columns, rows, channels;
// z over n. Along the rows come the d places of a tile's first output first, then the tiles.

import { columnBlocks, type DepthwiseQuadTemplate, quadAccess, quadLoad } from "../wgsl/conv-quads.ts";
import { range } from "../wgsl/conv-taps.ts";
import { wgsl } from "../wgsl/wgsl.ts";

export interface DepthwiseRowsTemplate extends DepthwiseQuadTemplate {
  /** Outputs per invocation along a column. */
  readonly tileRows: number;
}

export const depthwiseRowsWorkgroup = 64;

export function conv2dDepthwiseRows(t: DepthwiseRowsTemplate): string {
  const [kernelRows, kernelColumns] = t.kernel;
  const { blocks, inputs } = columnBlocks(t);
  const name = (block: number) => `x${blocks.indexOf(block)}`;
  const edges = blocks.map(
    (block) => `let c${name(block)} = i32(q0) + ${4 * block};
  let in_${name(block)} = c${name(block)} >= 0 && c${name(block)} < i32(p.width);
  let at_${name(block)} = u32(clamp(c${name(block)}, 0, i32(p.width) - 4));`,
  );
  const loads = blocks.map(
    (block) => `let ${name(block)} = select(vec4f(), load(x_row + at_${name(block)}), in_${name(block)});`,
  );
  const shifted = inputs(name).map((input, s) => `let t${s} = ${input};`);
  const rows = range(t.tileRows + kernelRows - 1).map((i) => {
    const sums = range(t.tileRows).flatMap((row) => {
      const r = i - row;
      if (r < 0 || r >= kernelRows) return [];
      return `a${row} += ${shifted.map((_, s) => `t${s} * w${r}_${s}`).join(" + ")};`;
    });
    return `h = first_h + ${i} * i32(p.dilation_height);
  if (h >= 0 && h < i32(p.height)) {
    let x_row = x_plane + u32(h) * p.width;
    ${loads.join("\n    ")}
    ${shifted.join(" ")}
    ${sums.join(" ")}
  }`;
  });
  const weights = range(kernelRows).flatMap((r) =>
    shifted.map((_, s) => `let w${r}_${s} = f32(w[k * ${kernelRows * kernelColumns}u + ${r * kernelColumns + s}u]);`),
  );
  return wgsl`
${quadAccess(t)}
${quadLoad(t)}

@compute @workgroup_size(${depthwiseRowsWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let step = p.dilation_height;
  let columns = p.out_width / 4u;
  let places = (p.out_height + step * ${t.tileRows}u - 1u) / (step * ${t.tileRows}u) * step;
  let index = id.y * grid.x * ${depthwiseRowsWorkgroup}u + id.x;
  let k = index / (places * columns);
  if (k >= p.out_channels) { return; }
  let q0 = index % columns * 4u;
  let place = index / columns % places;
  let first = place / step * step * ${t.tileRows}u + place % step;
  let n = id.z;
  let x_plane = p.x_offset + n * p.x_batch_stride + k / (p.out_channels / p.channels) * p.height * p.width;
  let first_h = i32(first) - i32(p.pad_top);
  var h = 0;
  ${edges.join("\n  ")}
  ${weights.join(" ")}
  ${range(t.tileRows)
    .map((row) => `var a${row} = vec4f();`)
    .join(" ")}
  ${rows.join("\n  ")}
  ${range(t.tileRows)
    .map((row) => `if (first + ${row}u * step < p.out_height) { store(n, k, first + ${row}u * step, q0, a${row}); }`)
    .join("\n  ")}
}
`;
}
