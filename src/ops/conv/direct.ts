// The readable kernel of convolutions and transposed ones, of images and volumes: their reference.
import { convDirect, convDirectWorkgroup } from "../../../shaders/conv/direct.wgsl.ts";
import { cover } from "../grid.ts";
import { epilogueBindings, epilogueTemplate } from "../walk/operands.ts";
import type { ConvKernel } from "./rules.ts";
import { convParams, convSizes } from "./sizes.ts";

export const direct = (operator: string, transposed: boolean): ConvKernel => ({
  name: `${operator}/direct`,
  applies: () => true,
  views: [0],
  residualInPlace: true,
  dispatches(call) {
    const { items, outChannels, outHeight, outWidth } = convSizes(call);
    return [
      {
        code: convDirect({ ...epilogueTemplate(call), transposed }),
        bindings: epilogueBindings(call, 2),
        params: convParams(call),
        workgroups: cover([outWidth, outHeight, items * outChannels], convDirectWorkgroup),
      },
    ];
  },
});
