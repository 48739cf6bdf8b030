// The convolution of conv2d-direct with a 1x1 kernel and stride 1, on planes as single rows: the lanes of a subgroup take
// neighbouring pixels and fetch the weights of different channels, which they hand to each other.
// x [N, C, W], w packed by packLaneWeights (channels in blocks of 4), bias [K], residual and y [N, K, W]; W is a multiple of 4.
// One workgroup, which is one subgroup, per lanes * 4 pixels and `tileChannels` output channels of a group; each invocation keeps
// four pixels of all these channels in registers.
// x over pixels, y over channel tiles of all groups, z over n.
// Meant for software drivers, where a load costs about 25 multiply-adds.
import { type QuadTemplate, quadAccess } from "./conv-quads.ts";
import { range } from "./conv-taps.ts";
import { wgsl } from "./wgsl.ts";

export interface PointwiseSubgroupTemplate extends QuadTemplate {
  /** The subgroup's size. */
  readonly lanes: number;
  /** Output channels of a tile: any number up to `lanes`, or a multiple of it. */
  readonly tileChannels: number;
  /** The input channels of a group do not fill their last block of 4. */
  readonly channelTail: boolean;
}

export function convPointwiseSubgroup(t: PointwiseSubgroupTemplate): string {
  const { lanes, tileChannels, channelTail } = t;
  const channels = range(tileChannels);
  const vectors = range(Math.ceil(tileChannels / lanes));
  const block = range(4);
  const loads = block.map((c) => {
    if (!channelTail || c === 0) return `let x${c} = load(x_at + ${c}u * p.width);`;
    return `let x${c} = select(vec4f(), load(x_at + min(${c}u, last - c) * p.width), c + ${c}u <= last);`;
  });
  const products = channels.flatMap((k) =>
    block.map((c) => {
      const weight = `subgroupShuffle(w${Math.floor(k / lanes)}[${c}], ${k % lanes}u)`;
      return `a${k} = fma(x${c}, vec4f(${weight}), a${k});`;
    }),
  );
  return wgsl`enable subgroups;
${quadAccess(t, "Element4")}

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let blocks = (group_channels + 3u) / 4u;
  let tiles = (group_out_channels + ${tileChannels - 1}u) / ${tileChannels}u;
  let group = id.y / tiles;
  let first = id.y % tiles * ${tileChannels}u;
  let packed = (group_out_channels + ${lanes - 1}u) / ${lanes}u;
  let last = group_channels - 1u;
  let n = id.z;
  let q0 = (id.x * ${lanes}u + lane) * 4u;
  var x_at = p.x_offset + n * p.x_batch_stride + group * group_channels * p.width + min(q0, p.width - 4u);
  ${vectors
    .map(
      (v) =>
        `var w_at${v} = (group * packed + min(first / ${lanes}u + ${v}u, packed - 1u)) * blocks * ${lanes}u + lane;`,
    )
    .join("\n  ")}
  ${channels.map((k) => `var a${k} = vec4f();`).join(" ")}
  for (var c = 0u; c < group_channels; c += 4u) {
    ${loads.join("\n    ")}
    ${vectors.map((v) => `let w${v} = vec4f(w[w_at${v}]); w_at${v} += ${lanes}u;`).join("\n    ")}
    ${products.join("\n    ")}
    x_at += 4u * p.width;
  }
  if (q0 >= p.width) { return; }
  // In a loop: every store that is written out compiles again.
  var sums = array<vec4f, ${tileChannels}>(${channels.map((k) => `a${k}`).join(", ")});
  for (var i = 0u; i < min(${tileChannels}u, group_out_channels - first); i++) {
    store(n, group * group_out_channels + first + i, 0u, q0, sums[i]);
  }
}
`;
}
