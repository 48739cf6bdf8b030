// The VGG encoders under torchvision's names (features.0.weight, ...), with and without batch norm.
// Source: Simonyan and Zisserman 2015; https://pytorch.org/vision/stable/models/vgg.html
import type { Value } from "../../graph/ir/graph.ts";
import { relu } from "../../ops/elementwise/activations.ts";
import { maxPool2d } from "../../ops/pool/max-pool.ts";
import { conv, normRelu, scaleChannels } from "../blocks/layers.ts";
import type { Encoder } from "./encoder.ts";

/** Channels of each stage's convolutions; a max pool halves behind each stage. */
const channels = [64, 128, 256, 512, 512];
const depths11 = [1, 1, 2, 2, 2];
const depths16 = [2, 2, 3, 3, 3];

export const vgg11: Encoder = encoder(depths11, false);
export const vgg11BatchNorm: Encoder = encoder(depths11, true);
export const vgg16: Encoder = encoder(depths16, false);
export const vgg16BatchNorm: Encoder = encoder(depths16, true);

/** Features are the last maps before each max pool, and the last pool's result. */
function encoder(depths: readonly number[], hasNorm: boolean): Encoder {
  return {
    strides: [1, 2, 4, 8, 16, 32],
    features(b, image, { width, prefix, last = 32 }) {
      // Positions in PyTorch's `nn.Sequential`, where ReLUs count too.
      let position = 0;
      const next = () => `${prefix}features.${position++}`;
      const unit = (x: Value, outChannels: number) => {
        const spread = conv(b, next(), x, { kernel: 3, outChannels, padding: 1, bias: true });
        return hasNorm ? normRelu(b, next(), spread, next()) : b.apply(relu, [spread], {}, { name: next() });
      };
      const pool = (x: Value) => b.apply(maxPool2d, [x], { kernel: 2, stride: 2 }, { name: next() });
      const features: Value[] = [];
      for (const [stage, depth] of depths.entries()) {
        if (2 ** stage > last) return features;
        const outChannels = scaleChannels(channels[stage]!, width);
        let x = stage === 0 ? image : pool(features.at(-1)!);
        for (let i = 0; i < depth; i++) x = unit(x, outChannels);
        features.push(x);
      }
      return last < 32 ? features : [...features, pool(features.at(-1)!)];
    },
  };
}
