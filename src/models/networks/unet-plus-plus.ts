// UNet++, under the names of the public PyTorch version: its state_dict loads.
// Source: Zhou et al. 2018; https://github.com/4uiiurz1/pytorch-nested-unet, `NestedUNet`.
import { resize2d } from "../../ops/sample/resize.ts";
import { conv } from "../blocks/layers.ts";
import { nestedHeads, nestedUnits } from "../blocks/nested.ts";
import { defineNetwork, type NetworkOptions, networkRules, resultOfClasses } from "../network.ts";

/** Options of `unetPlusPlus`. */
export interface UNetPlusPlusOptions extends NetworkOptions {
  /** True gives each decoder a head, `final1` to `final4`: then it can be pruned. Default false: one head, `final`. */
  readonly deepSupervision: boolean;
}

/**
 * image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of 16. Maps are doubled bilinearly with aligned
 * corners, without parameters.
 */
export const unetPlusPlus = defineNetwork<UNetPlusPlusOptions>({
  name: "unet-plus-plus",
  dimensions: 2,
  rules: {
    ...networkRules,
    deepSupervision: { text: "True gives each decoder a head: then it can be pruned.", default: false },
  },
  imageSize: () => ({ multiple: 16, least: 16 }),
  result: resultOfClasses,
  build(b, image, { classes, width, deepSupervision }) {
    const maps = nestedUnits(b, image, width, {
      double: (_, node, below) => {
        const options = { scale: [2, 2], mode: "bilinear", coordinates: "align-corners" } as const;
        return b.apply(resize2d, [below], options, { name: `up${node}` });
      },
      choose: (_, _node, skips) => skips,
    });
    if (deepSupervision) return nestedHeads(b, maps, classes);
    return { logits: conv(b, "final", maps.at(-1)!, { kernel: 1, outChannels: classes, bias: true }) };
  },
});
