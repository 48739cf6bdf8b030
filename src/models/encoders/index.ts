// The encoders by the names that networks' options give them.
import { inceptionV4 } from "./inception-v4.ts";
import { resnet18Encoder, resnet34Encoder, resnet50Encoder } from "./resnet.ts";
import { vgg11, vgg11BatchNorm, vgg16, vgg16BatchNorm } from "./vgg.ts";
import { xception65Stride8, xception65Stride16 } from "./xception65.ts";

export type { Encoder, EncoderSettings } from "./encoder.ts";

export const encoders = {
  vgg11,
  "vgg11-bn": vgg11BatchNorm,
  vgg16,
  "vgg16-bn": vgg16BatchNorm,
  resnet18: resnet18Encoder,
  resnet34: resnet34Encoder,
  resnet50: resnet50Encoder,
  "inception-v4": inceptionV4,
  "xception65-8": xception65Stride8,
  "xception65-16": xception65Stride16,
} as const;

export type EncoderName = keyof typeof encoders;
