// The networks, a line each: every file exports its record alone, and the type of its options.
export * from "./anu-net.ts";
export * from "./attention-r2unet.ts";
export * from "./attention-unet.ts";
export * from "./cenet.ts";
export * from "./custom-cnn.ts";
export * from "./deeplabv3plus.ts";
export * from "./encoder-unet.ts";
export * from "./fcn8s.ts";
export * from "./fpn.ts";
export * from "./linknet.ts";
export * from "./lumnet.ts";
export * from "./msff-resnet18.ts";
export * from "./pspnet.ts";
export * from "./r2unet.ts";
export * from "./segnet.ts";
export * from "./unet.ts";
export * from "./unet-plus-plus.ts";
