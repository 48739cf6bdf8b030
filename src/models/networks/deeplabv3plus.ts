// DeepLabv3+ with a separable pyramid and decoder, on Xception-65 or another encoder. Volumes enter as slices: neighbours are channels.
// Source: Chen et al. 2018; https://github.com/bonlime/keras-deeplab-v3-plus, its layers' names with PyTorch's for their tensors.
import { deeplabDecoder } from "../decoders/deeplab-decoder.ts";
import { defineEncoderDecoder } from "../encoder-decoder.ts";

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of the stride of the encoder's last feature. */
export const deeplabV3Plus = defineEncoderDecoder({
  name: "deeplabv3plus",
  decoder: deeplabDecoder,
  encoder: "xception65-8",
  prefix: "",
  head: { name: "logits_semantic", kernel: 1 },
});
