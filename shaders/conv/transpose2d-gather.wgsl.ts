// The transposed convolution of direct.wgsl.ts with dilation 1, whose taps of an output lie a stride apart: none
// that meets a gap is visited. For groups with few channels, where nothing is to be shared: FCN's upsampling kernels.
// x [N, C, H, W], w [C, K/G, R, S], bias [K], residual and y [N, K, P, Q]; or volumes, as there.
// One invocation per output element: x, and y where x is full, over the elements of [K, P, Q]; z over n.
import { activateFunction } from "../wgsl/activation.ts";
import { type ConvEpilogueTemplate, convBindings, residualArray } from "../wgsl/conv-bindings.ts";
import { wgsl } from "../wgsl/wgsl.ts";

export const convTranspose2dGatherWorkgroup = 64;

const slices = `
  let z = element / p.out_width / p.out_slice_height % p.out_depth + p.pad_front;
  let taps = p.kernel_height / p.slice_kernel_height;
  let first_d = select(0u, (z - taps) / p.stride_depth + 1u, z >= taps);
  let end_d = min(p.depth, z / p.stride_depth + 1u);`;

export function convTranspose2dGather(t: ConvEpilogueTemplate): string {
  const [rows, height] = t.volume ? ["slice_kernel_height", "slice_height"] : ["kernel_height", "height"];
  return wgsl`
${convBindings(t)}
${activateFunction(t.activation)}

@compute @workgroup_size(${convTranspose2dGatherWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let element = id.y * grid.x * ${convTranspose2dGatherWorkgroup}u + id.x;
  let k = element / (p.out_height * p.out_width);
  if (k >= p.out_channels) { return; }
  let row = element / p.out_width % p.${t.volume ? "out_slice_height" : "out_height"} + p.pad_top;
  let column = element % p.out_width + p.pad_left;
  let n = id.z;
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let first_channel = k / group_out_channels * group_channels;
  let plane = p.height * p.width;
  // Taps r of x row h have h * stride + r = row: from the last row that a tap reaches down to the first.
  let first_h = select(0u, (row - p.${rows}) / p.stride_height + 1u, row >= p.${rows});
  let end_h = min(p.${height}, row / p.stride_height + 1u);
  let first_v = select(0u, (column - p.kernel_width) / p.stride_width + 1u, column >= p.kernel_width);
  let end_v = min(p.width, column / p.stride_width + 1u);
  var sum = 0.0;${t.volume ? slices : ""}
  for (var c = first_channel; c < first_channel + group_channels; c++) {
    let x_plane = p.x_offset + n * p.x_batch_stride + c * plane;
    let w_plane = (c * group_out_channels + k % group_out_channels) * p.kernel_height * p.kernel_width;
    ${t.volume ? "for (var d = first_d; d < end_d; d++) {" : ""}for (var h = first_h; h < end_h; h++) {
      let w_row = w_plane + (${t.volume ? "(z - d * p.stride_depth) * p.slice_kernel_height + " : ""}row - h * p.stride_height) * p.kernel_width + column;
      for (var v = first_v; v < end_v; v++) {
        sum += f32(x[x_plane + ${t.volume ? "(d * p.slice_height + h)" : "h"} * p.width + v]) * f32(w[w_row - v * p.stride_width]);
      }
    }${t.volume ? "}" : ""}
  }
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
