// gw[k, c, r, s] = sum over n, p, q of gy[n, k, p, q] * x[n, g*C/G + c, p*stride + r*dilation - pad, ...]
// x [N, C, H, W], gy [N, K, P, Q], gw [K, C/G, R, S]; g is the group of k. Volumes have one axis more, as in direct.wgsl.ts.
// One invocation per element of gw, over all of them in a row.
// The reference for every faster weight gradient, and the fallback for kernels that they do not unroll.
import { conv2dParams, conv3dParams } from "../wgsl/conv-bindings.ts";
import { inputRow, inputRowFunction } from "../wgsl/conv-rows.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export interface ConvWeightGradTemplate {
  readonly storage: Storage;
  /** How gw lies in its buffer: sums of parts are f32 whatever the storage, so that they are rounded once. */
  readonly sums: Storage;
  readonly volume: boolean;
}

export const convWeightGradWorkgroup = 64;

/** Beside a convolution's: into how many parts sums are split, and where gw's output channels lie. */
export const weightGradParams = { parts: "u32", gw_offset: "u32", gw_channel_stride: "u32" } as const;

/** Types, parameters and the bindings x, gy and gw; gy's view is called y's, as that of what it is the gradient of. */
export function weightGradBindings(t: ConvWeightGradTemplate, gy: "Element" | "Element4"): string {
  const { storage, sums, volume } = t;
  return `${storageTypes(storage)}
fn stored_sum(v: f32) -> ${sums} { return ${sums === "f32" ? "v" : "stored(v)"}; }
${structParams({ ...(volume ? conv3dParams : conv2dParams), ...weightGradParams })}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> gy: array<${gy}>;
@group(0) @binding(2) var<storage, read_write> gw: array<${sums}>;
@group(0) @binding(3) var<uniform> p: Params;`;
}

export function convWeightGrad(t: ConvWeightGradTemplate): string {
  return wgsl`
${weightGradBindings(t, "Element")}${inputRowFunction(t)}

@compute @workgroup_size(${convWeightGradWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let element = id.y * grid.x * ${convWeightGradWorkgroup}u + id.x;
  let group_channels = p.channels / p.groups;
  let taps = p.kernel_height * p.kernel_width;
  let k = element / (group_channels * taps);
  if (k >= p.out_channels) { return; }
  let c = k / (p.out_channels / p.groups) * group_channels + element / taps % group_channels;
  let r = element % taps / p.kernel_width;
  let s = element % p.kernel_width;
  var sum = 0.0;
  for (var n = 0u; n < p.items; n++) {
    let x_plane = p.x_offset + n * p.x_batch_stride + c * p.height * p.width;
    let y_plane = p.y_offset + n * p.y_batch_stride + k * p.out_height * p.out_width;
    for (var i = 0u; i < p.out_height; i++) {
      let row = ${inputRow(t, "i", "r")};
      if (row < 0 || row >= i32(p.height)) { continue; }
      var row_sum = 0.0; // keeps the error of a long sum small
      for (var j = 0u; j < p.out_width; j++) {
        let column = i32(j * p.stride_width + s * p.dilation_width) - i32(p.pad_left);
        if (column < 0 || column >= i32(p.width)) { continue; }
        row_sum += f32(gy[y_plane + i * p.out_width + j]) * f32(x[x_plane + u32(row) * p.width + u32(column)]);
      }
      sum += row_sum;
    }
  }
  gw[p.gw_offset + k * p.gw_channel_stride + element % (group_channels * taps)] = stored_sum(sum);
}
`;
}
