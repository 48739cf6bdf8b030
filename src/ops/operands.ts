// Small rules about operands that several operators share.
import { ShapeError } from "../errors.ts";
import { formatShape, type TensorType } from "../tensor.ts";
import type { Binding, Call, Operand } from "./operator.ts";

/** Throws ShapeError unless all inputs are f32. */
export function requireFloat(operator: string, inputs: readonly TensorType[]): void {
  inputs.forEach((input, i) => {
    if (input.dtype !== "f32") throw new ShapeError(`${operator}: input ${i} is ${input.dtype}, expected f32`);
  });
}

/** Throws ShapeError unless each of the inputs, the first of them input 1, has one element per channel. */
export function requireChannels(operator: string, inputs: readonly TensorType[], channels: number): void {
  inputs.forEach(({ shape }, i) => {
    if (shape.length === 1 && shape[0] === channels) return;
    throw new ShapeError(
      `${operator}: input ${i + 1} has shape ${formatShape(shape)}, expected [C] = [${channels}], one per channel`,
    );
  });
}

/** Bindings in the order of the kernels' shaders: inputs (own, bias, residual unless in place), then the output. */
export function epilogueBindings(call: Call, ownInputs: number): readonly Binding[] {
  const { bias, residual } = call.epilogue;
  const count = ownInputs + (bias ? 1 : 0) + (residual === true ? 1 : 0);
  return [...Array.from({ length: count }, (_, input) => ({ input })), { output: 0 }];
}

/** Whether `size` elements on end, from wherever a view begins, are whole and aligned vec4. */
export function isAligned({ view }: Operand, size: number): boolean {
  return [size, view.offset, view.batchStride].every((count) => count % 4 === 0);
}

/** The output, and the residual where there is one: what the epilogue reads and writes element by element. */
export function epilogueOperands({ inputs, outputs, epilogue }: Call): readonly Operand[] {
  return epilogue.residual ? [outputs[0]!, inputs.at(-1)!] : [outputs[0]!];
}
