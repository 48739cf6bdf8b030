// y[n, k, p, q] = act(bias[k] + residual[n, k, p, q]
//                     + sum over c, r, s of x[n, g*C/G + c, p*stride + r*dilation - pad, ...] * w[k, c, r, s])
// x [N, C, H, W], w [K, C/G, R, S], bias [K], residual and y [N, K, P, Q]; g is the group of k.
// One invocation per output element: x over q, y over p, z over n * K + k.
// The reference for every faster convolution, and the fallback for shapes that they refuse.
import { type ActivationTemplate, activateFunction } from "./activation.ts";
import { structParams, wgsl } from "./wgsl.ts";

export const conv2dParams = {
  channels: "u32", // C
  height: "u32",
  width: "u32",
  out_channels: "u32", // K
  out_height: "u32",
  out_width: "u32",
  kernel_height: "u32", // R
  kernel_width: "u32", // S
  stride_height: "u32",
  stride_width: "u32",
  pad_top: "u32",
  pad_left: "u32",
  dilation_height: "u32",
  dilation_width: "u32",
  groups: "u32",
  items: "u32", // N
  x_offset: "u32",
  x_batch_stride: "u32",
  residual_offset: "u32",
  residual_batch_stride: "u32",
  y_offset: "u32",
  y_batch_stride: "u32",
} as const;

export interface Conv2dDirectTemplate {
  readonly bias: boolean;
  readonly residual: boolean;
  readonly activation: ActivationTemplate;
}

export const conv2dDirectWorkgroup = [8, 8, 1] as const;

export function conv2dDirect(t: Conv2dDirectTemplate): string {
  let next = 0;
  return wgsl`
${structParams(conv2dParams)}
@group(0) @binding(${next++}) var<storage, read> x: array<f32>;
@group(0) @binding(${next++}) var<storage, read> w: array<f32>;
${t.bias ? `@group(0) @binding(${next++}) var<storage, read> bias: array<f32>;` : ""}
${t.residual ? `@group(0) @binding(${next++}) var<storage, read> residual: array<f32>;` : ""}
@group(0) @binding(${next++}) var<storage, read_write> y: array<f32>;
@group(0) @binding(${next++}) var<uniform> p: Params;
${activateFunction(t.activation)}

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
      let row = i32(id.y * p.stride_height + r * p.dilation_height) - i32(p.pad_top);
      if (row < 0 || row >= i32(p.height)) { continue; }
      for (var s = 0u; s < p.kernel_width; s++) {
        let column = i32(id.x * p.stride_width + s * p.dilation_width) - i32(p.pad_left);
        if (column < 0 || column >= i32(p.width)) { continue; }
        sum += x[x_plane + u32(row) * p.width + u32(column)] * w[w_plane + r * p.kernel_width + s];
      }
    }
  }
  let element = (k * p.out_height + id.y) * p.out_width + id.x;
  #if ${t.bias}
  sum += bias[k];
  #endif
  #if ${t.residual}
  sum += residual[p.residual_offset + n * p.residual_batch_stride + element];
  #endif
  y[p.y_offset + n * p.y_batch_stride + element] = activate(sum);
}
`;
}
