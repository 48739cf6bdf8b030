// norm = sqrt(sum of squares) / lossScale;  factor * unit = min(1, limit / (norm + 1e-6)) / lossScale, or factor = infinity where
// a gradient is not finite. y = [factor, norm, taken, unit]: gradients are multiplied with unit, then with factor, so that neither
// leaves f32 where the norm does. taken [1]: the steps so far, plus one where the gradients are finite; up to 2^24.
// squares [2, stretches], as packed-squares.wgsl.ts gives them; lossScale [1]. One workgroup.
import { channelFold, channelLanes } from "../wgsl/channel.ts";
import { float, wgsl } from "../wgsl/wgsl.ts";
import { shrink } from "./packed-squares.wgsl.ts";

export interface GradientScaleTemplate {
  /** Longer gradients are shortened to this; undefined: none are. */
  readonly limit: number | undefined;
}

/** A shrunken sum from here on is taken: the plain one is 2^100, and may overflow. What it lacks of small numbers is nothing. */
const large = 2 ** 100 * shrink ** 2;

export function gradientScale({ limit }: GradientScaleTemplate): string {
  const shortened = `min(1.0 / unit, ${float(limit ?? 0)} / (length + 1e-6 * unit))`;
  return wgsl`
struct Params { count: u32, infinity: u32 }
@group(0) @binding(0) var<storage, read> squares: array<f32>;
@group(0) @binding(1) var<storage, read> loss_scale: array<f32>;
@group(0) @binding(2) var<storage, read_write> taken: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;
${channelFold("sum")}

@compute @workgroup_size(${channelLanes})
fn main(@builtin(local_invocation_index) lane: u32) {
  var partial = vec2f();
  for (var i = lane; i < p.count; i += ${channelLanes}u) { partial += vec2f(squares[i], squares[p.count + i]); }
  let plain = sum(partial.x, lane);
  let shrunken = sum(partial.y, lane);
  if (lane > 0u) { return; }
  let is_large = shrunken > ${float(large)};
  let unit = select(1.0, ${float(shrink)}, is_large);
  let length = sqrt(select(plain, shrunken, is_large)) / loss_scale[0]; // of unit * gradients
  let is_finite = (bitcast<u32>(shrunken) & 0x7f800000u) != 0x7f800000u;
  let factor = ${limit === undefined ? "1.0" : shortened} / loss_scale[0];
  taken[0] += select(0.0, 1.0, is_finite);
  y[0] = select(bitcast<f32>(p.infinity), factor, is_finite);
  y[1] = length / unit;
  y[2] = taken[0];
  y[3] = ${limit === undefined ? "1.0" : "unit"};
}
`;
}
