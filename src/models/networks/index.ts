// The networks, a line each: every file exports its record alone, and the type of its options.
export * from "./msff-resnet18.ts";
export * from "./unet.ts";
