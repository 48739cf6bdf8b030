// PSPNet on any encoder that has a feature at 1/8; what comes after that is left out.
// Source: Zhao et al. 2017; https://github.com/qubvel/segmentation_models.pytorch, `PSPNet`: its state_dict loads, but for unused stages.
import { pspnetDecoder } from "../decoders/pspnet-decoder.ts";
import { defineEncoderDecoder } from "../encoder-decoder.ts";

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of the stride of the encoder's last feature. */
export const pspnet = defineEncoderDecoder({
  name: "pspnet",
  decoder: pspnetDecoder,
  encoder: "resnet50",
  prefix: "encoder.",
  head: { name: "segmentation_head.0", kernel: 3 },
});
