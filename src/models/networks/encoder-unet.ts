// U-Net on any encoder that has features at 1/2 to 1/32.
// Source: Ronneberger et al. 2015; https://github.com/qubvel/segmentation_models.pytorch, `Unet`: its state_dict loads.
import { unetDecoder } from "../decoders/unet-decoder.ts";
import { defineEncoderDecoder } from "../encoder-decoder.ts";

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of the stride of the encoder's last feature. */
export const encoderUNet = defineEncoderDecoder({
  name: "encoder-unet",
  decoder: unetDecoder,
  encoder: "resnet50",
  prefix: "encoder.",
  head: { name: "segmentation_head.0", kernel: 3 },
});
