// The decoders by name. `encodersFor` tells which encoders each takes.
import { addedDecoder } from "./added-decoder.ts";
import { concatDecoder } from "./concat-decoder.ts";
import { deeplabDecoder } from "./deeplab-decoder.ts";
import { fpnDecoder } from "./fpn-decoder.ts";
import { linknetDecoder } from "./linknet-decoder.ts";
import { pspnetDecoder } from "./pspnet-decoder.ts";
import { unetDecoder } from "./unet-decoder.ts";

export const decoders = {
  added: addedDecoder,
  concat: concatDecoder,
  deeplab: deeplabDecoder,
  fpn: fpnDecoder,
  linknet: linknetDecoder,
  pspnet: pspnetDecoder,
  unet: unetDecoder,
} as const;
