// The readable kernel of convolutions, of images and volumes: their reference.
import { conv2dDirect, conv2dDirectWorkgroup } from "../../../shaders/conv/conv2d-direct.wgsl.ts";
import { cover } from "../grid.ts";
import type { Kernel } from "../operator.ts";
import { epilogueBindings, epilogueTemplate } from "../walk/operands.ts";
import type { ConvAttributes } from "./rules.ts";
import { convParams, convSizes } from "./sizes.ts";

export const direct = (operator: string): Kernel<ConvAttributes> => ({
  name: `${operator}/direct`,
  applies: () => true,
  views: [0],
  residualInPlace: true,
  dispatches(call) {
    const { items, outChannels, outHeight, outWidth } = convSizes(call);
    return [
      {
        code: conv2dDirect(epilogueTemplate(call)),
        bindings: epilogueBindings(call, 2),
        params: convParams(call),
        workgroups: cover([outWidth, outHeight, items * outChannels], conv2dDirectWorkgroup),
      },
    ];
  },
});
