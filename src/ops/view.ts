// Where a tensor lies in its buffer, and which kernels take one that does not have its buffer to itself.
import { elementCount, type TensorType } from "../tensor.ts";
import type { Binding, Call, Kernel } from "./operator.ts";

/**
 * Where a tensor lies in its buffer, in elements. Everything but the batch axis is contiguous, so a concatenation
 * over channels can be written and read in place: element [n, rest] is at `offset + n * batchStride + rest`.
 */
export interface View {
  readonly offset: number;
  readonly batchStride: number;
}

/** A binding may begin at every multiple of this many elements, whatever the device and the type. */
export const bindingElements = 128;

/** Whether a kernel takes a view for one of its operands. */
export function allowsView(kernel: Kernel, call: Call, operand: Binding): boolean {
  if (kernel.views === undefined) return false;
  if (kernel.views === "all") return true;
  // Vectors, such as statistics beside the main output, are no part of anything.
  if ("output" in operand) return call.outputs[operand.output]!.shape.length > 1;
  const isResidual = call.epilogue.residual && operand.input === call.inputs.length - 1;
  return isResidual || kernel.views.includes(operand.input);
}

/** The view of a tensor that has its buffer to itself. */
export function wholeView(type: TensorType): View {
  return { offset: 0, batchStride: elementCount(type.shape.slice(1)) };
}
