// The network of a configuration as a graph.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { repeatChannels } from "../../models/blocks/layers.ts";
import type { Heads } from "../../models/network.ts";
import { networkOf, type TrainConfig } from "../config/config.ts";
import { createLoss } from "../losses/index.ts";

/** Appends the network on the input `images` [batch, 1, H, W], repeated for each of its channels. */
export function appendNetwork(b: GraphBuilder, config: TrainConfig, imageSize: readonly [number, number]): Heads {
  const { network, options } = networkOf(config);
  const images = b.input("images", [config.batch, 1, ...imageSize]);
  return network.build(b, repeatChannels(b, images, options.inChannels), options);
}

/** Appends the losses of the configuration against the input `labels` [batch, H, W]; returns their sum. */
export function appendLoss(b: GraphBuilder, { losses, batch }: TrainConfig, heads: Heads): Value {
  const [, , ...imageSize] = heads.logits.type.shape;
  const labels = b.input("labels", [batch, ...imageSize], "u32");
  return createLoss(b, losses, { outputs: heads, labels });
}
