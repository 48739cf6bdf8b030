// The networks, a line each: every file exports its record alone, and the type of its options.
export * from "./fpn.ts";
export * from "./linknet.ts";
export * from "./msff-resnet18.ts";
export * from "./pspnet.ts";
export * from "./unet.ts";
