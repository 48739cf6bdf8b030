// What U-Net and its kin share, under the names of their public PyTorch versions.
// Source: Ronneberger et al. 2015; https://github.com/LeeJunHyun/Image_Segmentation.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { concat } from "../../ops/move/concat.ts";
import { maxPool2d } from "../../ops/pool/max-pool.ts";
import { resize2d } from "../../ops/sample/resize.ts";
import type { NetworkOptions } from "../network.ts";
import type { OptionRules } from "../options.ts";
import { attentionGate } from "./attention-gate.ts";
import { channelsOf, conv, convTranspose, normRelu, scaleChannels } from "./layers.ts";

/** Option of networks whose decoder doubles its maps. */
export interface UpOptions extends NetworkOptions {
  /**
   * How maps are doubled. Default `nearest`, the public version's: each pixel twice each way, then a 3x3 convolution, batch norm
   * and ReLU. `transposed` is the paper's: a transposed 2x2 convolution alone.
   */
  readonly up: "nearest" | "transposed";
}

/** Rule of {@link UpOptions}. */
export const upRule: Pick<OptionRules<UpOptions>, "up"> = {
  up: {
    text: "How maps are doubled: each pixel repeated and a 3x3 convolution, or a transposed 2x2 convolution.",
    default: "nearest",
    words: ["nearest", "transposed"],
  },
};

/** Two convolutions or more on [N, C, H, W] that give [N, outChannels, H, W]; `name` is the module's. */
export type Unit = (b: GraphBuilder, name: string, x: Value, outChannels: number) => Value;

export interface UShape {
  readonly unit: Unit;
  /** Of the units on the way down, without their number, and on the way up. */
  readonly names: readonly [down: string, up: string];
  /** Whether skips go through attention gates. */
  readonly gated: boolean;
}

/** image [N, inChannels, H, W] to logits [N, classes, H, W] through five units, four skips and four units; H, W: multiples of 16. */
export function uShape(b: GraphBuilder, image: Value, options: UpOptions, { unit, names, gated }: UShape): Value {
  const { classes, width, up } = options;
  const channels = [64, 128, 256, 512, 1024].map((count) => scaleChannels(count, width));
  const maps: Value[] = [];
  for (const [i, outChannels] of channels.entries()) {
    const below = maps.at(-1);
    const input = below ? b.apply(maxPool2d, [below], { kernel: 2, stride: 2 }, { name: `Maxpool.${i}` }) : image;
    maps.push(unit(b, `${names[0]}${i + 1}`, input, outChannels));
  }
  const decoded = maps.reduceRight((below, skip, i) => {
    const outChannels = channelsOf(skip);
    const doubled = upsample(b, `Up${i + 2}.up`, below, outChannels, up);
    const chosen = gated ? attentionGate(b, `Att${i + 2}`, doubled, skip) : skip;
    const joined = b.apply(concat, [chosen, doubled], {}, { name: `Up${i + 2}.skip` });
    return unit(b, `${names[1]}${i + 2}`, joined, outChannels);
  });
  return conv(b, "Conv_1x1", decoded, { kernel: 1, outChannels: classes, bias: true });
}

/** Two 3x3 convolutions with bias, each with batch norm and ReLU. */
export const doubleUnit: Unit = (b, name, x, outChannels) =>
  numberedUnit(b, `${name}.conv`, 3, numberedUnit(b, `${name}.conv`, 0, x, outChannels), outChannels);

/** `name.INDEX` 3x3 with bias, `name.INDEX+1` batch norm, ReLU: positions in PyTorch's `nn.Sequential`. */
export function numberedUnit(b: GraphBuilder, name: string, index: number, x: Value, outChannels: number): Value {
  const spread = conv(b, `${name}.${index}`, x, { kernel: 3, outChannels, padding: 1, bias: true });
  return normRelu(b, `${name}.${index + 1}`, spread);
}

function upsample(b: GraphBuilder, name: string, x: Value, outChannels: number, up: UpOptions["up"]): Value {
  if (up === "transposed") return convTranspose(b, name, x, { kernel: 2, outChannels, stride: 2, bias: true });
  const doubled = b.apply(resize2d, [x], { scale: [2, 2], mode: "nearest" }, { name: `${name}.0` });
  return numberedUnit(b, name, 1, doubled, outChannels);
}
