// The network of a configuration as a graph.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { concat } from "../../ops/move/concat.ts";
import { inputChannels } from "../../segment/segment-graph.ts";
import { networkOf, type TrainConfig } from "../config/config.ts";
import { createLoss } from "../losses/index.ts";

/** Appends the network on the input `images` [batch, 1, H, W], repeated for each of its channels; returns the logits. */
export function appendNetwork(b: GraphBuilder, config: TrainConfig, imageSize: readonly [number, number]): Value {
  const { network, options } = networkOf(config);
  const images = b.input("images", [config.batch, 1, ...imageSize]);
  const channels = inputChannels({ options });
  const repeated =
    channels > 1 ? b.apply(concat, Array<Value>(channels).fill(images), {}, { name: "channels" }) : images;
  return network.build(b, repeated, options);
}

/** Appends the losses of the configuration against the input `labels` [batch, H, W]; returns their sum. */
export function appendLoss(b: GraphBuilder, { losses, batch }: TrainConfig, logits: Value): Value {
  const [, , ...imageSize] = logits.type.shape;
  const labels = b.input("labels", [batch, ...imageSize], "u32");
  return createLoss(b, losses, { outputs: { logits }, labels });
}
