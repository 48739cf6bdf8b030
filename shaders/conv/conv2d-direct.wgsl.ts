// y[n, k, p, q] = act(bias[k] + residual[n, k, p, q]
//                     + sum over c, r, s of x[n, g*C/G + c, p*stride + r*dilation - pad, ...] * w[k, c, r, s])
// x [N, C, H, W], w [K, C/G, R, S], bias [K], residual and y [N, K, P, Q]; g is the group of k.
// Volumes have one axis more: x [N, C, D, H, W], w [K, C/G, T, R, S], residual and y [N, K, Z, P, Q]; the loop over r runs
// over the T * R rows of a kernel.
// One invocation per output element: x over q, y over p (of all slices), z over n * K + k.
// The reference for every faster convolution, and the fallback for shapes that they refuse.
import { activateFunction } from "../wgsl/activation.ts";
import { type ConvEpilogueTemplate, convBindings, residualArray } from "../wgsl/conv-bindings.ts";
import { inputRow, inputRowFunction } from "../wgsl/conv-rows.ts";
import { wgsl } from "../wgsl/wgsl.ts";

export const conv2dDirectWorkgroup = [8, 8, 1] as const;

export function conv2dDirect(t: ConvEpilogueTemplate): string {
  return wgsl`
${convBindings(t)}
${activateFunction(t.activation)}${inputRowFunction(t)}

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id.z % p.out_channels;
  let n = id.z / p.out_channels;
  if (id.x >= p.out_width || id.y >= p.out_height || n >= p.items) { return; }
  let group_channels = p.channels / p.groups;
  let first_channel = k / (p.out_channels / p.groups) * group_channels;
  let plane = p.height * p.width;
  var sum = 0.0;
  for (var c = 0u; c < group_channels; c++) {
    let x_plane = p.x_offset + n * p.x_batch_stride + (first_channel + c) * plane;
    let w_plane = (k * group_channels + c) * p.kernel_height * p.kernel_width;
    for (var r = 0u; r < p.kernel_height; r++) {
      let row = ${inputRow(t, "id.y", "r")};
      if (row < 0 || row >= i32(p.height)) { continue; }
      for (var s = 0u; s < p.kernel_width; s++) {
        let column = i32(id.x * p.stride_width + s * p.dilation_width) - i32(p.pad_left);
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
