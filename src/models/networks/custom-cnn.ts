// The thesis's own networks. Names are ours.
// Source: the thesis on the cervical spine, section 3.5.5 and table 3.2. As printed v3 does not close: Large32 has five pools and three
// upsamples, the others four and three, and all end in 32 or 64 channels before the sigmoid. Our choices: 3x3 convolutions without
// bias before batch norm; each unit after the last pool is followed by an upsample (nearest), so that there are as many as pools; a
// last 1x1 convolution gives the classes. Large64 and Small64 are the same row of the table.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { maxPool2d } from "../../ops/pool/max-pool.ts";
import { resize2d } from "../../ops/sample/resize.ts";
import { conv, normRelu, scaleChannels } from "../blocks/layers.ts";
import { defineNetwork, type NetworkOptions, networkRules, resultOfClasses } from "../network.ts";

/** Options of `customCnn`. */
export interface CustomCnnOptions extends NetworkOptions {
  /** Which row of the table. Default `v3-large32`. */
  readonly version: keyof typeof versions;
}

/** Channels of the units: those before a pool each, those that keep the size, those before an upsample each. */
interface Version {
  readonly down: readonly number[];
  readonly level: readonly number[];
  readonly up: readonly number[];
}

const large64: Version = { down: [64, 128, 256, 512], level: [], up: [512, 256, 128, 64] };

const versions = {
  v1: { down: [], level: [64, 128], up: [] },
  v2: { down: [], level: [32, 64, 128, 256, 512], up: [] },
  "v3-large32": { down: [32, 64, 128, 256, 512], level: [], up: [256, 256, 128, 64, 32] },
  "v3-large64": large64,
  "v3-small32": { down: [32, 64, 128, 256], level: [], up: [256, 128, 64, 32] },
  "v3-small64": large64,
} satisfies Record<string, Version>;

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of 2 to the number of pools. */
export const customCnn = defineNetwork<CustomCnnOptions>({
  name: "custom-cnn",
  dimensions: 2,
  rules: {
    ...networkRules,
    version: {
      text: "Which row of the table.",
      default: "v3-large32",
      words: ["v1", "v2", "v3-large32", "v3-large64", "v3-small32", "v3-small64"],
    },
  },
  imageSize({ version }) {
    const multiple = 2 ** versions[version].down.length;
    return { multiple, least: multiple };
  },
  result: resultOfClasses,
  build(b, image, { classes, width, version }) {
    const { down, level, up }: Version = versions[version];
    let units = 0;
    const unit = (x: Value, channels: number) => numbered(b, units++, x, scaleChannels(channels, width));
    let x = image;
    for (const [i, channels] of down.entries()) {
      x = b.apply(maxPool2d, [unit(x, channels)], { kernel: 2, stride: 2 }, { name: `pools.${i}` });
    }
    for (const channels of level) x = unit(x, channels);
    for (const [i, channels] of up.entries()) {
      x = b.apply(resize2d, [unit(x, channels)], { scale: [2, 2], mode: "nearest" }, { name: `ups.${i}` });
    }
    return { logits: conv(b, "final", x, { kernel: 1, outChannels: classes, bias: true }) };
  },
});

/** 3x3 convolution, batch norm, ReLU. */
function numbered(b: GraphBuilder, index: number, x: Value, outChannels: number): Value {
  const spread = conv(b, `units.${index}.0`, x, { kernel: 3, outChannels, padding: 1 });
  return normRelu(b, `units.${index}.1`, spread, `units.${index}.2`);
}
