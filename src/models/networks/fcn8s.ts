// FCN-8s on VGG-16 without batch norm, under the names of the public version. Transposed convolutions begin as
// bilinear interpolation. In training fc6 and fc7 are followed by dropout, as in the paper's VGG-16.
// Source: Long et al. 2015; https://github.com/wkentaro/pytorch-fcn, `FCN8s`: its state_dict loads.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { relu } from "../../ops/elementwise/activations.ts";
import { add } from "../../ops/elementwise/arithmetic.ts";
import { slice } from "../../ops/move/slice-pad.ts";
import { maxPool2d } from "../../ops/pool/max-pool.ts";
import { type DropoutOptions, dropout, dropoutRules } from "../blocks/dropout.ts";
import { conv, convTranspose, scaleChannels } from "../blocks/layers.ts";
import { defineNetwork, type NetworkOptions, networkRules, resultOfClasses } from "../network.ts";

/** Options of FCN-8s; dropout is the paper's. */
export interface Fcn8sOptions extends NetworkOptions, DropoutOptions {}

/** Channels and convolutions of each stage. */
const stages = [
  [64, 2],
  [128, 2],
  [256, 3],
  [512, 3],
  [512, 3],
] as const;

/** image [N, inChannels, H, W] to logits [N, classes, H, W], of any size: the first convolution pads by 100, crops undo that. */
export const fcn8s = defineNetwork<Fcn8sOptions>({
  name: "fcn8s",
  dimensions: 2,
  rules: { ...networkRules, ...dropoutRules("outputs of fc6 and fc7", 0.5) },
  imageSize: () => ({ multiple: 1, least: 1 }),
  result: resultOfClasses,
  build(b, image, { classes, width, dropout: p }) {
    const pools: Value[] = [];
    for (const [i, [channels, depth]] of stages.entries()) {
      let x = pools.at(-1) ?? image;
      for (let number = 1; number <= depth; number++) {
        const padding = x === image ? 100 : 1;
        x = unit(b, "conv", `${i + 1}_${number}`, x, {
          kernel: 3,
          outChannels: scaleChannels(channels, width),
          padding,
        });
      }
      pools.push(b.apply(maxPool2d, [x], { kernel: 2, stride: 2, ceilMode: true }, { name: `pool${i + 1}` }));
    }
    const outChannels = scaleChannels(4096, width);
    const full = (number: "6" | "7", x: Value, kernel: 7 | 1) =>
      dropout(b, `drop${number}`, unit(b, "fc", number, x, { kernel, outChannels, padding: 0 }), { p });
    const seven = full("7", full("6", pools[4]!, 7), 1);
    const score = (name: string, x: Value) => conv(b, name, x, { kernel: 1, outChannels: classes, bias: true });
    const up = (name: string, x: Value, kernel: 4 | 16) =>
      convTranspose(b, name, x, { kernel, outChannels: classes, stride: kernel / 2, initial: { bilinear: true } });
    const plus = (x: Value, name: string, pool: Value, start: number) => {
      const cropped = crop(b, `${name}.crop`, score(name, pool), start, x);
      return b.apply(add, [x, cropped], {}, { name: `${name}.add` });
    };
    const fourth = plus(up("upscore2", score("score_fr", seven), 4), "score_pool4", pools[3]!, 5);
    const third = plus(up("upscore_pool4", fourth, 4), "score_pool3", pools[2]!, 9);
    return { logits: crop(b, "logits", up("upscore8", third, 16), 31, image) };
  },
});

interface UnitSpec {
  readonly kernel: number;
  readonly outChannels: number;
  readonly padding: number;
}

/** A convolution with bias, `kind` and its number, and `relu` with the number. */
function unit(b: GraphBuilder, kind: "conv" | "fc", number: string, x: Value, spec: UnitSpec): Value {
  return b.apply(relu, [conv(b, kind + number, x, { ...spec, bias: true })], {}, { name: `relu${number}` });
}

/** x from `start` on each way, in the height and width of `like`. */
function crop(b: GraphBuilder, name: string, x: Value, start: number, like: Value): Value {
  const ends = like.type.shape.slice(2).map((size) => start + size);
  return b.apply(slice, [x], { axes: [2, 3], starts: [start, start], ends }, { name });
}
