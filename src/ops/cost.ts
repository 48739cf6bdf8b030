// What a call costs, by its shapes.
import { byteLength, type TensorType } from "../tensor.ts";

/** What one run of an operator takes at least, for shares of a GPU's peak. */
export interface Cost {
  /** Floating-point operations; a multiply-add counts two. */
  readonly flop: number;
  /** Bytes that must cross the memory bus at least once. */
  readonly bytes: number;
}

interface Operands {
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
}

/** Bytes of all operands once: the floor of memory traffic. */
export function operandBytes({ inputs, outputs }: Operands): number {
  return [...inputs, ...outputs].reduce((sum, operand) => sum + byteLength(operand), 0);
}
