// y[n, k, p, q] = act(bias[k] + residual[n, k, p, q] + sum over c, r, s of x[n, c, h, v] * w[c, k - g*K/G, r, s])
//   where h*stride + r*dilation = p + pad (likewise v over s): taps that fall between input rows add nothing.
// x [N, C, H, W], w [C, K/G, R, S], bias [K], residual and y [N, K, P, Q]; g is the group of k, c runs over its C/G channels.
// Volumes have one axis more: x [N, C, D, H, W], w [C, K/G, T, R, S], residual and y [N, K, Z, P, Q]; the loop over r runs
// over the T * R rows of a kernel.
// One invocation per output element, which gathers its taps: x over q, y over p (of all slices), z over n * K + k.
// The reference for every faster transposed convolution, and the fallback for shapes that they refuse.
import { activateFunction } from "../wgsl/activation.ts";
import { type ConvEpilogueTemplate, convBindings, residualArray } from "../wgsl/conv-bindings.ts";
import { transposedRowFunction } from "../wgsl/conv-rows.ts";
import { wgsl } from "../wgsl/wgsl.ts";

export const convTranspose2dDirectWorkgroup = [8, 8, 1] as const;

const imageRow = `let scaled_row = i32(id.y + p.pad_top) - i32(r * p.dilation_height);
      if (scaled_row < 0 || u32(scaled_row) % p.stride_height != 0u) { continue; }
      let row = u32(scaled_row) / p.stride_height;
      if (row >= p.height) { continue; }`;

const volumeRow = `let found = transposed_row(id.y, r);
      if (found < 0) { continue; }
      let row = u32(found);`;

export function convTranspose2dDirect(t: ConvEpilogueTemplate): string {
  return wgsl`
${convBindings(t)}
${activateFunction(t.activation)}${transposedRowFunction(t)}

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id.z % p.out_channels;
  let n = id.z / p.out_channels;
  if (id.x >= p.out_width || id.y >= p.out_height || n >= p.items) { return; }
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let first_channel = k / group_out_channels * group_channels;
  let plane = p.height * p.width;
  let taps = p.kernel_height * p.kernel_width;
  var sum = 0.0;
  for (var c = first_channel; c < first_channel + group_channels; c++) {
    let x_plane = p.x_offset + n * p.x_batch_stride + c * plane;
    let w_plane = (c * group_out_channels + k % group_out_channels) * taps;
    for (var r = 0u; r < p.kernel_height; r++) {
      ${t.volume ? volumeRow : imageRow}
      for (var s = 0u; s < p.kernel_width; s++) {
        let scaled_column = i32(id.x + p.pad_left) - i32(s * p.dilation_width);
        if (scaled_column < 0 || u32(scaled_column) % p.stride_width != 0u) { continue; }
        let column = u32(scaled_column) / p.stride_width;
        if (column >= p.width) { continue; }
        sum += f32(x[x_plane + row * p.width + column]) * f32(w[w_plane + r * p.kernel_width + s]);
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
