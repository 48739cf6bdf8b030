// U-Net with batch norm, under the names of the public PyTorch version: its state_dict loads.
// Source: Ronneberger et al. 2015; https://github.com/LeeJunHyun/Image_Segmentation, `U_Net`.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { concat } from "../../ops/move/concat.ts";
import { maxPool2d } from "../../ops/pool/max-pool.ts";
import { resize2d } from "../../ops/sample/resize.ts";
import { channelsOf, conv, convTranspose, normRelu, scaleChannels } from "../blocks/layers.ts";
import { defineNetwork, type NetworkOptions, networkRules } from "../network.ts";

/** Options of `unet`. */
export interface UNetOptions extends NetworkOptions {
  /**
   * How maps are doubled. Default `nearest`, the public version's: each pixel twice each way, then a 3x3 convolution, batch norm
   * and ReLU. `transposed` is the paper's: a transposed 2x2 convolution alone.
   */
  readonly up: "nearest" | "transposed";
}

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of 16. */
export const unet = defineNetwork<UNetOptions>({
  name: "unet",
  dimensions: 2,
  rules: {
    ...networkRules,
    up: {
      text: "How maps are doubled: each pixel repeated and a 3x3 convolution, or a transposed 2x2 convolution.",
      default: "nearest",
      words: ["nearest", "transposed"],
    },
  },
  imageSize: () => ({ multiple: 16, least: 16 }),
  result: ({ classes }) => (classes === 1 ? "sigmoid" : "softmax"),
  build(b, image, { classes, width, up }) {
    const channels = [64, 128, 256, 512, 1024].map((count) => scaleChannels(count, width));
    const maps: Value[] = [];
    for (const [i, outChannels] of channels.entries()) {
      const below = maps.at(-1);
      const input = below ? b.apply(maxPool2d, [below], { kernel: 2, stride: 2 }, { name: `Maxpool.${i}` }) : image;
      maps.push(unit(b, `Conv${i + 1}`, input, outChannels));
    }
    const decoded = maps.reduceRight((below, skip, i) => {
      const outChannels = channelsOf(skip);
      const joined = [skip, upsample(b, `Up${i + 2}.up`, below, outChannels, up)];
      return unit(b, `Up_conv${i + 2}`, b.apply(concat, joined, {}, { name: `Up${i + 2}.skip` }), outChannels);
    });
    return { logits: conv(b, "Conv_1x1", decoded, { kernel: 1, outChannels: classes, bias: true }) };
  },
});

/** Two 3x3 convolutions with bias, each with batch norm and ReLU. */
function unit(b: GraphBuilder, name: string, x: Value, outChannels: number): Value {
  return convUnit(b, `${name}.conv`, 3, convUnit(b, `${name}.conv`, 0, x, outChannels), outChannels);
}

/** `name.INDEX` 3x3 with bias, `name.INDEX+1` batch norm, ReLU: positions in PyTorch's `nn.Sequential`. */
function convUnit(b: GraphBuilder, name: string, index: number, x: Value, outChannels: number): Value {
  const spread = conv(b, `${name}.${index}`, x, { kernel: 3, outChannels, padding: 1, bias: true });
  return normRelu(b, `${name}.${index + 1}`, spread);
}

function upsample(b: GraphBuilder, name: string, x: Value, outChannels: number, up: UNetOptions["up"]): Value {
  if (up === "transposed") return convTranspose(b, name, x, { kernel: 2, outChannels, stride: 2, bias: true });
  const doubled = b.apply(resize2d, [x], { scale: [2, 2], mode: "nearest" }, { name: `${name}.0` });
  return convUnit(b, name, 1, doubled, outChannels);
}
