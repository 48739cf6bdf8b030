// The depthwise convolution of direct.wgsl.ts with stride 1 (groups = C), tiled: outputs that lie a dilation apart share
// inputs, as the outputs of d x d interleaved convolutions without dilation do.
// x [N, C, H, W], w [K, 1, R, S], bias [K], residual and y [N, K, P, Q]; the input channel of k is k / (K / C).
// One invocation per tile of outputs a dilation apart: x, and y where x is full, over columns, rows, channels; z over n.
// Along an axis come the d places of a tile's first output first, then the tiles.
import { activateFunction } from "../wgsl/activation.ts";
import { type ConvEpilogueTemplate, convBindings, residualArray } from "../wgsl/conv-bindings.ts";
import { type Pair, range } from "../wgsl/conv-taps.ts";
import { wgsl } from "../wgsl/wgsl.ts";

export interface DepthwiseTiledTemplate extends ConvEpilogueTemplate {
  /** Outputs per invocation. */
  readonly tile: Pair;
  readonly kernel: Pair;
}

export const depthwiseTiledWorkgroup = 64;

export function conv2dDepthwiseTiled(t: DepthwiseTiledTemplate): string {
  const rows = range(t.tile[0] + t.kernel[0] - 1);
  const columns = range(t.tile[1] + t.kernel[1] - 1);
  const [tileRows, tileColumns] = [range(t.tile[0]), range(t.tile[1])];
  const taps = range(t.kernel[0]).flatMap((r) => range(t.kernel[1]).map((s) => ({ r, s })));
  // Row by row, so that few inputs are alive.
  const products = rows.map((i) => {
    const loads = columns.map(
      (j) => `let x${i}_${j} = select(0.0, f32(x[row${i} + column${j}]), in_h${i} && in_v${j});`,
    );
    const sums = tileRows.flatMap((p) =>
      taps
        .filter(({ r }) => p + r === i)
        .flatMap(({ r, s }) => tileColumns.map((q) => `a${p}_${q} += x${i}_${q + s} * w${r}_${s};`)),
    );
    return `let h${i} = h + ${i} * i32(p.dilation_height); let in_h${i} = h${i} >= 0 && h${i} < i32(p.height);
  let row${i} = x_plane + u32(clamp(h${i}, 0, i32(p.height) - 1)) * p.width;
  ${loads.join(" ")}
  ${sums.join(" ")}`;
  });
  return wgsl`
${convBindings(t)}
${activateFunction(t.activation)}

fn store(n: u32, k: u32, row: u32, column: u32, sum: f32) {
  if (row >= p.out_height || column >= p.out_width) { return; }
  let element = (k * p.out_height + row) * p.out_width + column;
  var value = sum;
  ${t.bias ? "value += bias[k];" : ""}
  ${t.residual ? `value += f32(${residualArray(t)}[p.residual_offset + n * p.residual_batch_stride + element]);` : ""}
  y[p.y_offset + n * p.y_batch_stride + element] = stored(activate(value));
}

@compute @workgroup_size(${depthwiseTiledWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let step = vec2u(p.dilation_height, p.dilation_width);
  let tile = vec2u(${t.tile.map((size) => `${size}u`).join()});
  let places = (vec2u(p.out_height, p.out_width) + step * tile - 1u) / (step * tile) * step;
  let index = id.y * grid.x * ${depthwiseTiledWorkgroup}u + id.x;
  let k = index / (places.x * places.y);
  if (k >= p.out_channels) { return; }
  let place = vec2u(index / places.y % places.x, index % places.y);
  let first = place / step * step * tile + place % step;
  let n = id.z;
  let x_plane = p.x_offset + n * p.x_batch_stride + k / (p.out_channels / p.channels) * p.height * p.width;
  let h = i32(first.x) - i32(p.pad_top);
  let v = i32(first.y) - i32(p.pad_left);
  ${columns
    .map(
      (j) => `let v${j} = v + ${j} * i32(p.dilation_width); let in_v${j} = v${j} >= 0 && v${j} < i32(p.width);
  let column${j} = u32(clamp(v${j}, 0, i32(p.width) - 1));`,
    )
    .join("\n  ")}
  ${taps.map(({ r, s }) => `let w${r}_${s} = f32(w[k * ${taps.length}u + ${r * t.kernel[1] + s}u]);`).join(" ")}
  ${tileRows.flatMap((p) => tileColumns.map((q) => `var a${p}_${q} = 0.0;`)).join(" ")}
  ${products.join("\n  ")}
  ${tileRows
    .flatMap((p) =>
      tileColumns.map((q) => `store(n, k, first.x + ${p}u * step.x, first.y + ${q}u * step.y, a${p}_${q});`),
    )
    .join("\n  ")}
}
`;
}
