// How parameters begin that no file gives.
import { elementCount, type TensorType } from "../tensor.ts";

/**
 * All elements are `constant`, or uniform in +-`bound`; or `bilinear`: a weight [C, C, R, R] of a transposed convolution with stride
 * floor((R + 1) / 2) that interpolates each channel by itself.
 */
export type InitialValue = { readonly constant: number } | { readonly bound: number } | { readonly bilinear: true };

/**
 * Of x, weight and bias, an operator's own or an epilogue's: uniform in +-1/sqrt(fan in), with the fan in as PyTorch counts it, for a
 * transposed convolution too: all axes of the weight but the first.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 */
export function fanInUniform([, weight]: readonly TensorType[]): readonly (InitialValue | undefined)[] {
  if (!weight) return [];
  const uniform = { bound: 1 / Math.sqrt(elementCount(weight.shape.slice(1))) };
  return [undefined, uniform, uniform];
}
