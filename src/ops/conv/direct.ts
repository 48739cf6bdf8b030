// The readable kernel of convolutions and transposed ones, of images and volumes: their reference.
import { convDirect, convDirectFlatWorkgroup, convDirectWorkgroup } from "../../../shaders/conv/direct.wgsl.ts";
import { cover, spread } from "../grid.ts";
import { epilogueBindings, epilogueTemplate } from "../walk/operands.ts";
import type { ConvKernel } from "./rules.ts";
import { convParams, convSizes } from "./sizes.ts";

export const direct = (operator: string, transposed: boolean): ConvKernel => ({
  name: `${operator}/direct`,
  applies: () => true,
  views: [0],
  residualInPlace: true,
  dispatches(call, device) {
    const { items, outChannels, outHeight, outWidth } = convSizes(call);
    const planes = items * outChannels;
    const grid = cover([outWidth, outHeight, planes], convDirectWorkgroup);
    const flatGrid = grid.some((count) => count > device.maxWorkgroupsPerDimension);
    const flatWorkgroups = Math.ceil((planes * outHeight * outWidth) / convDirectFlatWorkgroup);
    return [
      {
        code: convDirect({ ...epilogueTemplate(call), transposed, flatGrid }),
        bindings: epilogueBindings(call, 2),
        params: convParams(call),
        workgroups: flatGrid ? [...spread(flatWorkgroups, device), 1] : grid,
      },
    ];
  },
});
