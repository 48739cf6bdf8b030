// The convolution of direct.wgsl.ts with a 1x1 kernel: the lanes of a subgroup take neighbouring pixels of y and fetch the weights
// of different channels, which they hand to each other.
// x [N, C, H, W], w packed by packLaneWeights (channels in blocks of 4), bias [K], residual and y [N, K, P, Q]. With vec4 loads the
// planes of x and y are one row each.
// One workgroup, which is one subgroup, per lanes * 4 pixels and `tileChannels` output channels of a group; each invocation keeps
// four pixels of all these channels in registers.
// x over pixels, y over channel tiles of all groups, z over n.
// Meant for software drivers, where a load costs about 25 multiply-adds.
import { type QuadTemplate, quadAccess } from "../wgsl/conv-quads.ts";
import { range } from "../wgsl/conv-taps.ts";
import { wgsl } from "../wgsl/wgsl.ts";

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
  const quad = (at: string) =>
    t.vectorLoads
      ? `vec4f(x[(${at} + pixel) / 4u])`
      : `vec4f(Element4(${block.map((e) => `x[${at} + pixels[${e}]]`).join(", ")}))`;
  const loads = block.map((c) => {
    if (!channelTail || c === 0) return `let x${c} = ${quad(`x_at + ${c}u * plane`)};`;
    return `let x${c} = select(vec4f(), ${quad(`x_at + min(${c}u, last - c) * plane`)}, c + ${c}u <= last);`;
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
  let plane = p.height * p.width;
  let out_plane = p.out_height * p.out_width;
  #if ${t.vectorLoads}
  let pixel = min(q0, out_plane - 4u);
  #else
  let q = min(vec4u(q0) + vec4u(0u, 1u, 2u, 3u), vec4u(out_plane - 1u));
  let pixels = q / p.out_width * p.stride_height * p.width + q % p.out_width * p.stride_width;
  #endif
  var x_at = p.x_offset + n * p.x_batch_stride + group * group_channels * plane;
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
    x_at += 4u * plane;
  }
  if (q0 >= out_plane) { return; }
  // In a loop: every store that is written out compiles again.
  var sums = array<vec4f, ${tileChannels}>(${channels.map((k) => `a${k}`).join(", ")});
  for (var i = 0u; i < min(${tileChannels}u, group_out_channels - first); i++) {
    store(n, group * group_out_channels + first + i, 0u, q0, sums[i]);
  }
}
`;
}
