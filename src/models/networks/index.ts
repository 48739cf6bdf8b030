// The networks, a line each: every file exports its record alone, and the type of its options.
export * from "./cenet.ts";
export * from "./deeplabv3plus.ts";
export * from "./encoder-unet.ts";
export * from "./fcn8s.ts";
export * from "./fpn.ts";
export * from "./linknet.ts";
export * from "./lumnet.ts";
export * from "./msff-resnet18.ts";
export * from "./pspnet.ts";
export * from "./unet.ts";
