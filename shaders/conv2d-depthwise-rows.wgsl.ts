// The depthwise convolution of conv2d-direct with stride 1 (groups = C), four neighbouring columns at a time: inputs are loaded
// as whole vec4 of a row, which the taps take shifted, and rows that lie a dilation apart are shared by the outputs of a tile.
// x [N, C, H, W], w [K, 1, R, S], bias [K], residual and y [N, K, P, Q]; W and Q are multiples of 4; the input channel of k is
// k / (K / C).
// One invocation per four columns of `tileRows` outputs a dilation apart: x, and y where x is full, over columns, rows, channels;
// z over n. Along the rows come the d places of a tile's first output first, then the tiles.
import { activateFunction } from "./activation.ts";
import { type ConvEpilogueTemplate, convBindings, residualArray } from "./conv-bindings.ts";
import { ascending, type Pair, range } from "./conv-taps.ts";
import { wgsl } from "./wgsl.ts";

export interface DepthwiseRowsTemplate extends ConvEpilogueTemplate {
  /** Outputs per invocation along a column. */
  readonly tileRows: number;
  readonly kernel: Pair;
  readonly dilationWidth: number;
  readonly padLeft: number;
  /** Rows of x are whole, aligned vec4. */
  readonly vectorLoads: boolean;
  /** Rows of y and residual are whole, aligned vec4. */
  readonly aligned: boolean;
}

export const depthwiseRowsWorkgroup = 64;

export function conv2dDepthwiseRows(t: DepthwiseRowsTemplate): string {
  const [kernelRows, kernelColumns] = t.kernel;
  const taps = range(kernelColumns).map((s) => {
    const column = s * t.dilationWidth - t.padLeft;
    const block = Math.floor(column / 4);
    return { s, block, shift: column - 4 * block };
  });
  // Blocks of four columns, counted from that of the output.
  const blocks = ascending(taps.flatMap(({ block, shift }) => (shift === 0 ? [block] : [block, block + 1])));
  const name = (block: number) => `x${blocks.indexOf(block)}`;
  const edges = blocks.map(
    (block) => `let c${name(block)} = i32(q0) + ${4 * block};
  let in_${name(block)} = c${name(block)} >= 0 && c${name(block)} < i32(p.width);
  let at_${name(block)} = u32(clamp(c${name(block)}, 0, i32(p.width) - 4));`,
  );
  const loads = blocks.map(
    (block) => `let ${name(block)} = select(vec4f(), load(x_row + at_${name(block)}), in_${name(block)});`,
  );
  const shifted = taps.map(({ s, block, shift }) => {
    const lanes = range(4).map((e) =>
      e + shift < 4 ? `${name(block)}[${e + shift}]` : `${name(block + 1)}[${e + shift - 4}]`,
    );
    return `let t${s} = ${shift === 0 ? name(block) : `vec4f(${lanes})`};`;
  });
  const rows = range(t.tileRows + kernelRows - 1).map((i) => {
    const sums = range(t.tileRows).flatMap((row) => {
      const r = i - row;
      if (r < 0 || r >= kernelRows) return [];
      return `a${row} += ${taps.map(({ s }) => `t${s} * w${r}_${s}`).join(" + ")};`;
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
    taps.map(({ s }) => `let w${r}_${s} = f32(w[k * ${kernelRows * kernelColumns}u + ${r * kernelColumns + s}u]);`),
  );
  const type = t.aligned ? "vec4f" : "f32";
  const residual = residualArray(t);
  return wgsl`
${convBindings(t, { x: t.vectorLoads ? "Element4" : "Element", y: t.aligned ? "Element4" : "Element" })}
${activateFunction(t.activation, type)}

fn load(at: u32) -> vec4f {
  ${t.vectorLoads ? "return vec4f(x[at / 4u]);" : "return vec4f(Element4(x[at], x[at + 1u], x[at + 2u], x[at + 3u]));"}
}

fn store(n: u32, k: u32, row: u32, q0: u32, sum: vec4f) {
  if (row >= p.out_height) { return; }
  let element = (k * p.out_height + row) * p.out_width + q0;
  let y_at = p.y_offset + n * p.y_batch_stride + element;
  ${t.residual ? "let residual_at = p.residual_offset + n * p.residual_batch_stride + element;" : ""}
  var value = sum;
  ${t.bias ? "value += bias[k];" : ""}
  #if ${t.aligned}
  ${t.residual ? `value += vec4f(${residual}[residual_at / 4u]);` : ""}
  y[y_at / 4u] = stored4(activate(value));
  #else
  for (var e = 0u; e < 4u; e++) {
    y[y_at + e] = stored(activate(value[e]${t.residual ? ` + f32(${residual}[residual_at + e])` : ""}));
  }
  #endif
}

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
    .map((row) => `store(n, k, first + ${row}u * step, q0, a${row});`)
    .join("\n  ")}
}
`;
}
