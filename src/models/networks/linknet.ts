// LinkNet on any encoder that has features at 1/2 to 1/32.
// Source: Chaurasia and Culurciello 2017; https://github.com/qubvel/segmentation_models.pytorch, `Linknet`: its state_dict loads.
import { linknetDecoder } from "../decoders/linknet-decoder.ts";
import { defineEncoderDecoder } from "../encoder-decoder.ts";

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of the stride of the encoder's last feature. */
export const linknet = defineEncoderDecoder({
  name: "linknet",
  decoder: linknetDecoder,
  encoder: "resnet50",
  prefix: "encoder.",
  head: { name: "segmentation_head.0", kernel: 1 },
});
