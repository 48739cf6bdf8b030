// norm = sqrt(sum of squares) / lossScale;  scale = min(1, limit / (norm + 1e-6)) / lossScale, or infinity where the norm is
// not finite. y = [scale, norm]; squares [stretches]; lossScale [1]. One workgroup.
import { channelFold, channelLanes } from "../wgsl/channel.ts";
import { float, wgsl } from "../wgsl/wgsl.ts";

export interface GradientScaleTemplate {
  /** Longer gradients are shortened to this; undefined: none are. */
  readonly limit: number | undefined;
}

export function gradientScale({ limit }: GradientScaleTemplate): string {
  return wgsl`
struct Params { count: u32, infinity: u32 }
@group(0) @binding(0) var<storage, read> squares: array<f32>;
@group(0) @binding(1) var<storage, read> loss_scale: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;
${channelFold("sum")}

@compute @workgroup_size(${channelLanes})
fn main(@builtin(local_invocation_index) lane: u32) {
  var partial = 0.0;
  for (var i = lane; i < p.count; i += ${channelLanes}u) { partial += squares[i]; }
  let total = sum(partial, lane);
  if (lane > 0u) { return; }
  let norm = sqrt(total) / loss_scale[0];
  let is_finite = (bitcast<u32>(total) & 0x7f800000u) != 0x7f800000u;
  let shortened = ${limit === undefined ? "1.0" : `min(1.0, ${float(limit)} / (norm + 1e-6))`} / loss_scale[0];
  y[0] = select(bitcast<f32>(p.infinity), shortened, is_finite);
  y[1] = norm;
}
`;
}
