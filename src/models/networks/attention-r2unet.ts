// Attention R2U-Net, under the names of the public PyTorch version: its state_dict loads.
// Source: Alom et al. 2018; https://github.com/LeeJunHyun/Image_Segmentation, `R2AttU_Net`.
import { recurrentResidual } from "../blocks/recurrent.ts";
import { type UpOptions, upRule, uShape } from "../blocks/u-shape.ts";
import { defineNetwork, networkRules } from "../network.ts";

/** Options of `attentionR2UNet`. */
export interface AttentionR2UNetOptions extends UpOptions {
  /** How often a recurrent unit is applied again to its input and its result. Default 2. */
  readonly steps: number;
}

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of 16. */
export const attentionR2UNet = defineNetwork<AttentionR2UNetOptions>({
  name: "attention-r2unet",
  dimensions: 2,
  rules: {
    ...networkRules,
    ...upRule,
    steps: {
      text: "How often a recurrent unit is applied again to its input and its result.",
      default: 2,
      range: { integer: true, from: 1, to: 8 },
    },
  },
  imageSize: () => ({ multiple: 16, least: 16 }),
  result: ({ classes }) => (classes === 1 ? "sigmoid" : "softmax"),
  build: (b, image, options) => ({
    logits: uShape(b, image, options, {
      unit: recurrentResidual(options.steps),
      names: ["RRCNN", "Up_RRCNN"],
      gated: true,
    }),
  }),
});
