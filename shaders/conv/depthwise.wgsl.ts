// The convolution of direct.wgsl.ts where every group has one input channel: k reads channel k / (K/C) only.
// x [N, C, H, W], w [K, 1, R, S], bias [K], residual and y [N, K, P, Q]; or volumes, as there.
// One invocation per four neighbouring columns of one output row: x over tiles, row by row; y over k; z over n.
import { activateFunction } from "../wgsl/activation.ts";
import { type ConvEpilogueTemplate, convBindings, residualArray } from "../wgsl/conv-bindings.ts";
import { type ColumnTemplate, inputColumns, inputRow, inputRowFunction } from "../wgsl/conv-rows.ts";
import { range } from "../wgsl/conv-taps.ts";
import { wgsl } from "../wgsl/wgsl.ts";

export interface Conv2dDepthwiseTemplate extends ConvEpilogueTemplate, ColumnTemplate {}

export const depthwiseWorkgroup = 64;
export const depthwisePixels = 4;

export function conv2dDepthwise(t: Conv2dDepthwiseTemplate): string {
  const { column, edges, loads } = inputColumns(t, depthwisePixels);
  const products = range(t.kernelWidth).map(
    (s) =>
      `let w${s} = f32(w[w_row + ${s}u]); sum += vec4f(${range(depthwisePixels).map((i) => `x${column(i, s)}`)}) * w${s};`,
  );
  return wgsl`
${convBindings(t)}
${activateFunction(t.activation)}${inputRowFunction(t)}

@compute @workgroup_size(${depthwiseWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let tiles = (p.out_width + ${depthwisePixels - 1}u) / ${depthwisePixels}u;
  let row = id.x / tiles;
  let q0 = id.x % tiles * ${depthwisePixels}u;
  if (row >= p.out_height) { return; }
  let k = id.y;
  let n = id.z;
  let channel = k / (p.out_channels / p.channels);
  let first = i32(q0 * ${t.strideWidth}u) - i32(p.pad_left);
  let last = i32(p.width) - 1;
  ${edges.join("\n  ")}
  var sum = vec4f();
  for (var r = 0u; r < p.kernel_height; r++) {
    let h = ${inputRow(t, "row", "r")};
    if (h < 0 || h >= i32(p.height)) { continue; }
    let x_row = p.x_offset + n * p.x_batch_stride + (channel * p.height + u32(h)) * p.width;
    let w_row = (k * p.kernel_height + r) * ${t.kernelWidth}u;
    ${loads.join("\n    ")}
    ${products.join("\n    ")}
  }
  #if ${t.bias}
  sum += bias[k];
  #endif
  let element = (k * p.out_height + row) * p.out_width + q0;
  for (var i = 0u; i < min(${depthwisePixels}u, p.out_width - q0); i++) {
    var value = sum[i];
    #if ${t.residual}
    value += f32(${residualArray(t)}[p.residual_offset + n * p.residual_batch_stride + element + i]);
    #endif
    y[p.y_offset + n * p.y_batch_stride + element + i] = stored(activate(value));
  }
}
`;
}
