// What all convolution kernels declare: uniform parameters, and bindings x, w, then bias and residual where the epilogue
// has them, then y and `p`.
import type { Activation } from "./functions.ts";
import { volumeParams } from "./planes.ts";
import { type Storage, storageTypes } from "./storage.ts";
import { numbered, structParams } from "./wgsl.ts";

export const conv2dParams = {
  channels: "u32", // C
  height: "u32",
  width: "u32",
  out_channels: "u32", // K
  out_height: "u32",
  out_width: "u32",
  kernel_height: "u32", // R
  kernel_width: "u32", // S
  stride_height: "u32",
  stride_width: "u32",
  pad_top: "u32",
  pad_left: "u32",
  dilation_height: "u32",
  dilation_width: "u32",
  groups: "u32",
  items: "u32", // N
  x_offset: "u32",
  x_batch_stride: "u32",
  residual_offset: "u32",
  residual_batch_stride: "u32",
  y_offset: "u32",
  y_batch_stride: "u32",
} as const;

/** For volumes; `kernel_height` is T * R. */
export const conv3dParams = {
  ...conv2dParams,
  ...volumeParams,
  slice_kernel_height: "u32", // R
  stride_depth: "u32",
  pad_front: "u32",
  dilation_depth: "u32",
} as const;

/** What a kernel does to its sums before it writes them. */
export interface EpilogueTemplate {
  readonly bias: boolean;
  /** In place: it has no binding of its own, y holds it. */
  readonly residual: boolean | "in place";
  readonly activation: Activation;
}

export interface ConvEpilogueTemplate extends EpilogueTemplate {
  readonly storage: Storage;
  /** x and y have slices, as `volumeParams` says. */
  readonly volume: boolean;
}

/** The array that the residual is read from, at `p.residual_offset`. */
export function residualArray({ residual }: Pick<EpilogueTemplate, "residual">): "residual" | "y" {
  return residual === "in place" ? "y" : "residual";
}

type Element = "Element" | "Element4";

/** Types, `struct Params` and the bindings; `types` are those of the arrays, y's is residual's too; a bias is f32. */
export function convBindings(
  t: ConvEpilogueTemplate,
  types: { readonly x?: Element; readonly w?: Element; readonly y?: Element } = {},
): string {
  const { x = "Element", w = "Element", y = "Element" } = types;
  const read = (name: string, type: Element | "f32") => `var<storage, read> ${name}: array<${type}>;`;
  const bindings = [read("x", x), read("w", w)];
  if (t.bias) bindings.push(read("bias", "f32"));
  if (t.residual === true) bindings.push(read("residual", y));
  bindings.push(`var<storage, read_write> y: array<${y}>;`, "var<uniform> p: Params;");
  return `${storageTypes(t.storage)}\n${structParams(t.volume ? conv3dParams : conv2dParams)}\n${numbered(bindings)}`;
}
