// Kernels with one workgroup per channel, which goes over all items and pixels of tensors [N, C, ...] in a fixed order.
import type { Storage } from "./storage.ts";
import type { Width } from "./strided.ts";
import type { ParamType } from "./wgsl.ts";

export interface ChannelTemplate {
  readonly storage: Storage;
  /** Elements of a load: 4 where all channels of all tensors are whole, aligned vec4. */
  readonly width: Width;
}

/** Invocations of a workgroup. */
export const channelLanes = 64;

type ChannelParams<N extends string> = Readonly<
  Record<"items" | "channels" | "plane" | `${N}_offset` | `${N}_batch_stride`, ParamType>
>;

/** Parameters in elements; `plane` are those of one channel of an item. */
export function channelParams<N extends string>(arrays: readonly N[]): ChannelParams<N> {
  const views = arrays.flatMap((name) => [`${name}_offset`, `${name}_batch_stride`]);
  return Object.fromEntries(["items", "channels", "plane", ...views].map((name) => [name, "u32"])) as ChannelParams<N>;
}

/** The entry point's head; declares `c` and `lane`. Workgroups lie along x and then y. */
export const channelMain = `@compute @workgroup_size(${channelLanes})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let c = group.y * groups.x + group.x;
  if (c >= p.channels) { return; }`;

/** Runs `body` for every element, or four, of the channel; it finds them at `NAME_at` of each array. */
export function channelLoop({ width }: ChannelTemplate, arrays: readonly string[], body: string): string {
  const places = arrays.map(
    (name) =>
      `let ${name}_at = (p.${name}_offset + n * p.${name}_batch_stride + c * p.plane)${width === 4 ? " / 4u" : ""} + i;`,
  );
  return `for (var n = 0u; n < p.items; n++) {
    for (var i = lane; i < p.plane${width === 4 ? " / 4u" : ""}; i += ${channelLanes}u) {
      ${places.join(" ")}
      ${body}
    }
  }`;
}

/** `fn name(partial: f32, lane: u32) -> f32`: the sum of all lanes' partial sums, by a tree, given to all of them. */
export function channelFold(name: string): string {
  return `var<workgroup> partial_${name}: array<f32, ${channelLanes}>;
fn ${name}(partial: f32, lane: u32) -> f32 {
  workgroupBarrier(); // all have read the sum before
  partial_${name}[lane] = partial;
  workgroupBarrier();
  for (var half = ${channelLanes / 2}u; half > 0u; half /= 2u) {
    if (lane < half) { partial_${name}[lane] += partial_${name}[lane + half]; }
    workgroupBarrier();
  }
  return partial_${name}[0];
}`;
}
