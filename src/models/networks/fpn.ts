// FPN on any encoder that has features at 1/4 to 1/32.
// Source: Kirillov et al. 2019; https://github.com/qubvel/segmentation_models.pytorch, `FPN`: its state_dict loads.
import { fpnDecoder } from "../decoders/fpn-decoder.ts";
import { defineEncoderDecoder } from "../encoder-decoder.ts";

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of the stride of the encoder's last feature. */
export const fpn = defineEncoderDecoder({
  name: "fpn",
  decoder: fpnDecoder,
  encoder: "resnet50",
  prefix: "encoder.",
  head: { name: "segmentation_head.0", kernel: 1 },
});
