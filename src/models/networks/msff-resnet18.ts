// MSFF-ResNet18: a ResNet-18 encoder, multi-scale feature fusion at the bottleneck, and a decoder with skips.
// Source: the lumbar-spine MSFF paper with size-adaptive loss; choices where it is silent are those of its PyTorch twin.
import { channelsOf, scaleChannels } from "../blocks/layers.ts";
import { fuseScales, projectScales } from "../blocks/msff.ts";
import { concatDecoder, doublingHead } from "../decoders/concat-decoder.ts";
import { resnet18 } from "../encoders/resnet.ts";
import { channelRange, defineNetwork, type NetworkOptions, networkRules } from "../network.ts";

/** Options of `msffResNet18`; channel counts and sizes in pixels. */
export interface MsffResNet18Options extends NetworkOptions {
  /** Channels of each MSFF branch. Default 64. */
  readonly branchWidth: number;
  /** Dilations of the atrous branches. Default 1, 3, 5. */
  readonly rates: readonly number[];
  /** Kernels (and strides) of the average-pool branches. Default 2, 3, 4, 5. */
  readonly pools: readonly number[];
  /** False puts a plain 1x1 convolution in place of the fusion, the paper's ablation. Default true. */
  readonly msff: boolean;
}

const windows = { integer: true, from: 1, to: 1024 } as const;

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of 32, and at least 32 x the largest pool. */
export const msffResNet18 = defineNetwork<MsffResNet18Options>({
  name: "msff-resnet18",
  dimensions: 2,
  rules: {
    ...networkRules,
    branchWidth: { text: "Channels of each MSFF branch, before the width's.", default: 64, range: channelRange },
    rates: { text: "Dilations of the atrous branches.", default: [1, 3, 5], range: windows },
    pools: { text: "Kernels (and strides) of the average-pool branches.", default: [2, 3, 4, 5], range: windows },
    msff: {
      text: "False puts a plain 1x1 convolution in place of the fusion, the paper's ablation.",
      default: true,
    },
  },
  imageSize: ({ msff, pools }) =>
    msff
      ? { multiple: 32, least: 32 * Math.max(...pools), reason: "32 x the largest pool" }
      : { multiple: 32, least: 32 },
  result: () => "softmax",
  build(b, image, { classes, width, branchWidth, rates, pools, msff }) {
    const { stem, layer1, layer2, layer3, layer4 } = resnet18(b, image, width);
    const bottom = msff
      ? fuseScales(b, layer4, { branchChannels: scaleChannels(branchWidth, width), rates, pools })
      : projectScales(b, layer4, channelsOf(layer4));
    const decoded = concatDecoder.build(b, [stem, layer1, layer2, layer3, bottom], width);
    return { logits: doublingHead(b, decoded, scaleChannels(32, width), classes) };
  },
});
