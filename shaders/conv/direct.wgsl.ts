// y[n, k, p, q] = act(bias[k] + residual[n, k, p, q]
//                     + sum over c, r, s of x[n, g*C/G + c, p*stride + r*dilation - pad, ...] * w[k, c, r, s])
// x [N, C, H, W], w [K, C/G, R, S], bias [K], residual and y [N, K, P, Q]; g is the group of k.
// Transposed, with w [C, K/G, R, S]: the sum is over x[n, g*C/G + c, h, v] * w[g*C/G + c, k - g*K/G, r, s] where
// h*stride + r*dilation = p + pad (likewise v over s): taps that fall between input rows add nothing.
// Volumes have one axis more: x [N, C, D, H, W], w [.., T, R, S], residual and y [N, K, Z, P, Q]; the loop over r runs over the
// T * R rows of a kernel.
// One invocation per output element, which gathers its taps: x over q, y over p (of all slices), z over n * K + k.
// The reference for every faster convolution, and the fallback for shapes that they refuse.
import { activateFunction } from "../wgsl/activation.ts";
import { type ConvEpilogueTemplate, convBindings, residualArray } from "../wgsl/conv-bindings.ts";
import { inputRow, inputRowFunction, transposedRowFunction, unstridedFunction } from "../wgsl/conv-rows.ts";
import { wgsl } from "../wgsl/wgsl.ts";

export const convDirectWorkgroup = [8, 8, 1] as const;

/** Where invocations are counted along the rows of the grid. */
export const convDirectFlatWorkgroup = 64;

export interface ConvDirectTemplate extends ConvEpilogueTemplate {
  readonly transposed: boolean;
  /** For more rows, columns or planes than a grid has along an axis. */
  readonly flatGrid: boolean;
}

export function convDirect(t: ConvDirectTemplate): string {
  const { functions, weights, row, column } = t.transposed ? transposedPlaces(t) : places(t);
  return wgsl`
${convBindings(t)}
${activateFunction(t.activation)}${functions}

#if ${t.flatGrid}
@compute @workgroup_size(${convDirectFlatWorkgroup})
fn main(@builtin(global_invocation_id) at: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let index = at.y * grid.x * ${convDirectFlatWorkgroup}u + at.x;
  let out_plane = p.out_width * p.out_height;
  let id = vec3u(index % p.out_width, index % out_plane / p.out_width, index / out_plane);
#else
@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
#endif
  let k = id.z % p.out_channels;
  let n = id.z / p.out_channels;
  if (id.x >= p.out_width || id.y >= p.out_height || n >= p.items) { return; }
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let first_channel = k / group_out_channels * group_channels;
  let plane = p.height * p.width;
  let taps = p.kernel_height * p.kernel_width;
  var sum = 0.0;
  for (var c = 0u; c < group_channels; c++) {
    let x_plane = p.x_offset + n * p.x_batch_stride + (first_channel + c) * plane;
    let w_plane = (${weights}) * taps;
    for (var r = 0u; r < p.kernel_height; r++) {
      let row = ${row};
      if (row < 0 || row >= i32(p.height)) { continue; }
      for (var s = 0u; s < p.kernel_width; s++) {
        let column = ${column};
        if (column < 0 || column >= i32(p.width)) { continue; }
        sum += f32(x[x_plane + u32(row) * p.width + u32(column)]) * f32(w[w_plane + r * p.kernel_width + s]);
      }
    }
  }
  let element = (k * p.out_height + id.y) * p.out_width + id.x;
  #if ${t.bias}
  sum += bias[k];
  #endif
  #if ${t.residual}
  sum += f32(${residualArray(t)}[p.residual_offset + n * p.residual_batch_stride + element]);
  #endif
  y[p.y_offset + n * p.y_batch_stride + element] = stored(activate(sum));
}
`;
}

function places(t: ConvDirectTemplate) {
  return {
    functions: inputRowFunction(t),
    weights: "k * group_channels + c",
    row: inputRow(t, "id.y", "r"),
    column: "i32(id.x * p.stride_width + s * p.dilation_width) - i32(p.pad_left)",
  };
}

function transposedPlaces(t: ConvDirectTemplate) {
  return {
    functions: t.volume ? transposedRowFunction(t) : unstridedFunction,
    weights: "(first_channel + c) * group_out_channels + k % group_out_channels",
    row: t.volume
      ? "transposed_row(id.y, r)"
      : "unstrided(i32(id.y + p.pad_top) - i32(r * p.dilation_height), p.stride_height, p.height)",
    column: "unstrided(i32(id.x + p.pad_left) - i32(s * p.dilation_width), p.stride_width, p.width)",
  };
}
