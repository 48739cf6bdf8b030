// SegNet: VGG-16 with batch norm, and its mirror image, which puts maxima back where they were found. Under the names of the
// public PyTorch version: with `last: "unit"` its state_dict loads.
// Source: Badrinarayanan et al. 2015; https://github.com/meetps/pytorch-semseg, `segnet`.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { maxPool2d } from "../../ops/pool/max-pool.ts";
import { maxUnpool2d } from "../../ops/pool/max-unpool.ts";
import { channelsOf, conv, normRelu, scaleChannels } from "../blocks/layers.ts";
import { defineNetwork, type NetworkOptions, networkRules, resultOfClasses } from "../network.ts";

/** Options of `segnet`. */
export interface SegNetOptions extends NetworkOptions {
  /** What gives the logits. Default `plain`, the paper's convolution; `unit` has batch norm and ReLU behind it, as the public version. */
  readonly last: "plain" | "unit";
}

/** Convolutions of each stage. */
const stages = [2, 2, 3, 3, 3] as const;

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are 32 or more. */
export const segnet = defineNetwork<SegNetOptions>({
  name: "segnet",
  dimensions: 2,
  rules: {
    ...networkRules,
    last: {
      text: "What gives the logits: a plain convolution, or a unit with batch norm and ReLU.",
      default: "plain",
      words: ["plain", "unit"],
    },
  },
  imageSize: () => ({ multiple: 1, least: 32 }),
  result: resultOfClasses,
  build(b, image, { classes, width, last }) {
    const channels = [64, 128, 256, 512, 512].map((count) => scaleChannels(count, width));
    const downs: Down[] = [];
    for (const [i, outChannels] of channels.entries()) {
      downs.push(down(b, `down${i + 1}`, downs.at(-1)?.pooled ?? image, outChannels, stages[i]!));
    }
    let x = downs.at(-1)!.pooled;
    for (const [i, { before, indices }] of [...downs.entries()].reverse()) {
      const outputSize = before.type.shape.slice(2) as [number, number];
      const options = { kernel: 2, stride: 2, outputSize };
      x = b.apply(maxUnpool2d, [x, indices], options, { name: `up${i + 1}.unpool` });
      const [name, count] = [`up${i + 1}`, stages[i]!];
      for (let k = 1; k < count; k++) x = unit(b, `${name}.conv${k}`, x, channelsOf(x));
      const outChannels = channels[i - 1] ?? classes;
      const isPlain = i === 0 && last === "plain";
      x = (isPlain ? spread : unit)(b, `${name}.conv${count}`, x, outChannels);
    }
    return { logits: x };
  },
});

/** The map of a stage, and its pool with the places of the maxima. */
interface Down {
  readonly before: Value;
  readonly pooled: Value;
  readonly indices: Value;
}

function down(b: GraphBuilder, name: string, x: Value, outChannels: number, count: number): Down {
  let before = x;
  for (let k = 1; k <= count; k++) before = unit(b, `${name}.conv${k}`, before, outChannels);
  const pool = { kernel: 2, stride: 2, indices: true };
  const [pooled, indices] = b.applyAll(maxPool2d, [before], pool, { name: `${name}.pool` });
  return { before, pooled: pooled!, indices: indices! };
}

/** 3x3 with bias, batch norm, ReLU. */
function unit(b: GraphBuilder, name: string, x: Value, outChannels: number): Value {
  return normRelu(b, `${name}.cbr_unit.1`, spread(b, name, x, outChannels), `${name}.cbr_unit.2`);
}

function spread(b: GraphBuilder, name: string, x: Value, outChannels: number): Value {
  return conv(b, `${name}.cbr_unit.0`, x, { kernel: 3, outChannels, padding: 1, bias: true });
}
