// The triangle of nested units that UNet++ and ANU-Net share. Unit (i, j) is at 1 / 2^i of the image's size and ends the j-th
// decoder; decoder j needs no unit of the later ones, so it can be computed alone.
// Source: Zhou et al. 2018; https://github.com/4uiiurz1/pytorch-nested-unet, `NestedUNet`.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { concat } from "../../ops/move/concat.ts";
import { maxPool2d } from "../../ops/pool/max-pool.ts";
import type { Heads } from "../network.ts";
import { channelsOf, conv, normRelu, scaleChannels } from "./layers.ts";

/** How many decoders there are, and how often the image is halved. */
export const nestedLevels = 4;

export interface Nested {
  /** Doubles the map of unit (i, j), for one of `outChannels` channels. */
  double(b: GraphBuilder, node: string, below: Value, outChannels: number): Value;
  /** What the node takes of its skips, given the doubled map. */
  choose(b: GraphBuilder, node: string, skips: readonly Value[], doubled: Value): readonly Value[];
}

/** image [N, C, H, W] to the maps of units (0, 1) to (0, 4), each as large as the image; H and W are multiples of 16. */
export function nestedUnits(
  b: GraphBuilder,
  image: Value,
  width: number,
  { double, choose }: Nested,
): readonly Value[] {
  const channels = [32, 64, 128, 256, 512].map((count) => scaleChannels(count, width));
  const rows: Value[][] = [];
  for (const [i, outChannels] of channels.entries()) {
    const above = rows[i - 1]?.[0];
    const pool = { kernel: 2, stride: 2 } as const;
    const input = above ? b.apply(maxPool2d, [above], pool, { name: `pool.${i - 1}` }) : image;
    rows.push([nestedUnit(b, `conv${i}_0`, input, outChannels)]);
    for (let j = 1; j <= i; j++) {
      const [row, below] = [rows[i - j]!, rows[i - j + 1]![j - 1]!];
      const node = `${i - j}_${j}`;
      const doubled = double(b, node, below, channelsOf(row[0]!));
      const joined = b.apply(concat, [...choose(b, node, row, doubled), doubled], {}, { name: `skip${node}` });
      row.push(nestedUnit(b, `conv${node}`, joined, channelsOf(row[0]!)));
    }
  }
  return rows[0]!.slice(1);
}

/** A 1x1 convolution `final1` .. `final4` on each map; the last one's logits are those of the network. */
export function nestedHeads(b: GraphBuilder, maps: readonly Value[], classes: number): Heads {
  const heads = maps.map((map, j) => conv(b, `final${j + 1}`, map, { kernel: 1, outChannels: classes, bias: true }));
  const earlier = heads.slice(0, -1).map((head, j) => [`final${j + 1}`, head] as const);
  return { ...Object.fromEntries(earlier), logits: heads.at(-1)! };
}

/** Two 3x3 convolutions with bias, each with batch norm and ReLU. */
function nestedUnit(b: GraphBuilder, name: string, x: Value, outChannels: number): Value {
  return [1, 2].reduce((input, k) => {
    const spread = conv(b, `${name}.conv${k}`, input, { kernel: 3, outChannels, padding: 1, bias: true });
    return normRelu(b, `${name}.bn${k}`, spread);
  }, x);
}
