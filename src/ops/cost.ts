// What a call costs, by its shapes.
import { byteLength } from "../tensor.ts";
import type { Call } from "./operator.ts";

export interface Cost {
  /** Floating-point operations; a multiply-add counts two. */
  readonly flop: number;
  /** Bytes that must cross the memory bus at least once. */
  readonly bytes: number;
}

/** Bytes of all operands once: the floor of memory traffic. */
export function operandBytes(call: Call): number {
  return [...call.inputs, ...call.outputs].reduce((sum, operand) => sum + byteLength(operand), 0);
}
