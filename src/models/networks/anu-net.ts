// ANU-Net: UNet++ with attention gates between nested units, and transposed convolutions up. Names are ours, after UNet++'s.
// Source: Li et al. 2020, "ANU-Net: Attention-based nested U-Net to exploit full resolution features", sections 3.1 to 3.5.
// Our choices where it is silent: the widths of UNet++, 2x2 transposed convolutions to the width of the skip, one gate for each skip
// of a unit, whose inner maps are half as wide. Its table 6 gives 0.1038, 0.5134, 2.1918 and 8.9506 million parameters for L1 to L4.
// Ours are 0.1032, 0.5208, 2.2455 and 9.2037 for three channels and one class. No arrangement of norms, biases, kernels, gates and heads
// that was tried at these widths has all four: the nearest are off by 1.2 %, and have no gates.
import { attentionGate } from "../blocks/attention-gate.ts";
import { convTranspose } from "../blocks/layers.ts";
import { nestedHeads, nestedUnits } from "../blocks/nested.ts";
import { defineNetwork, type NetworkOptions, networkRules, resultOfClasses } from "../network.ts";

/** Options of `anuNet`. */
export interface AnuNetOptions extends NetworkOptions {}

/** image [N, inChannels, H, W] to logits [N, classes, H, W] from each of four decoders; H and W are multiples of 16. */
export const anuNet = defineNetwork<AnuNetOptions>({
  name: "anu-net",
  dimensions: 2,
  rules: networkRules,
  imageSize: () => ({ multiple: 16, least: 16 }),
  result: resultOfClasses,
  build(b, image, { classes, width }) {
    const maps = nestedUnits(b, image, width, {
      double: (_, node, below, outChannels) =>
        convTranspose(b, `up${node}`, below, { kernel: 2, outChannels, stride: 2, bias: true }),
      choose: (_, node, skips, doubled) => skips.map((skip, k) => attentionGate(b, `att${node}.${k}`, doubled, skip)),
    });
    return nestedHeads(b, maps, classes);
  },
});
