// Small rules about operands that several operators share.
import type { ConvEpilogueTemplate } from "../../../shaders/wgsl/conv-bindings.ts";
import type { Storage, Word } from "../../../shaders/wgsl/storage.ts";
import { ShapeError } from "../../errors.ts";
import { type DType, formatShape, type TensorType } from "../../tensor.ts";
import type { Binding, Call, Operand } from "../operator.ts";

/** The type that all inputs have. Throws ShapeError unless it is one of these. */
export function sameType(operator: string, inputs: readonly TensorType[], allowed: readonly DType[]): DType {
  const first = inputs[0]?.dtype;
  if (first === undefined || !allowed.includes(first)) {
    throw new ShapeError(
      `${operator}: input 0 is ${first}, expected ${allowed.join(", ").replace(/, (\w+)$/, " or $1")}`,
    );
  }
  inputs.forEach(({ dtype }, i) => {
    if (dtype !== first) throw new ShapeError(`${operator}: input ${i} is ${dtype}, expected ${first} as input 0`);
  });
  return first;
}

/** As {@link sameType}, but where floats of both types meet, the result is f16. */
export function joinedType(operator: string, inputs: readonly TensorType[], allowed: readonly DType[]): DType {
  const isFloat = inputs.every(({ dtype }) => dtype === "f16" || dtype === "f32");
  return isFloat && inputs.some(({ dtype }) => dtype === "f16") ? "f16" : sameType(operator, inputs, allowed);
}

/** The type that all inputs have. Throws ShapeError unless it is a float's. */
export function floatType(operator: string, inputs: readonly TensorType[]): Storage {
  return sameType(operator, inputs, ["f32", "f16"]) === "f16" ? "f16" : "f32";
}

/** Attributes that are numbers. Throws ShapeError unless each is finite. */
export function requireFinite<A extends Readonly<Record<string, number>>>(operator: string, attributes: A): A {
  for (const [name, value] of Object.entries(attributes)) {
    if (!Number.isFinite(value)) throw new ShapeError(`${operator}: ${name} is ${value}, expected a finite number`);
  }
  return attributes;
}

/** Throws ShapeError unless these inputs are f32, which they are whatever the type of the others. */
export function requireF32(operator: string, inputs: readonly TensorType[], which: Iterable<number>): void {
  for (const i of which) {
    const { dtype } = inputs[i]!;
    if (dtype !== "f32") throw new ShapeError(`${operator}: input ${i} is ${dtype}, expected f32`);
  }
}

/** How the floats of a call lie in memory: all as those of its first input. */
export function storageOf({ inputs }: Call): Storage {
  return inputs[0].dtype === "f16" ? "f16" : "f32";
}

/** What a kernel that only moves elements sees of them. */
export function wordType(dtype: DType): Word {
  return dtype === "f16" ? "f16" : "u32";
}

/** How many channels x has. Throws ShapeError unless it has an axis of them. */
export function channelsOf(operator: string, { shape }: TensorType): number {
  const channels = shape[1];
  if (channels !== undefined) return channels;
  throw new ShapeError(`${operator}: x has shape ${formatShape(shape)}, expected [N, C, ...]`);
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

/** What a convolution's shader is told of its call. */
export function epilogueTemplate(call: Call): ConvEpilogueTemplate {
  return { ...call.epilogue, storage: storageOf(call), volume: call.outputs[0].shape.length === 5 };
}

/** Bindings in the order of the kernels' shaders: inputs (own, bias, residual unless in place), then the output. */
export function epilogueBindings(call: Call, ownInputs: number): readonly Binding[] {
  const { bias, residual } = call.epilogue;
  const count = ownInputs + (bias ? 1 : 0) + (residual === true ? 1 : 0);
  return [...Array.from({ length: count }, (_, input) => ({ input })), { output: 0 }];
}

/** Bindings in the order of the operands: all inputs, then all outputs. */
export function allBindings({ inputs, outputs }: Call): readonly Binding[] {
  return [...inputs.map((_, input) => ({ input })), ...outputs.map((_, output) => ({ output }))];
}

/** Whether `size` elements on end, from wherever a view begins, are whole and aligned vec4. */
export function isAligned({ view }: Operand, size: number): boolean {
  return [size, view.offset, view.batchStride].every((count) => count % 4 === 0);
}

/** The output, and the residual where there is one: what the epilogue reads and writes element by element. */
export function epilogueOperands({ inputs, outputs, epilogue }: Call): readonly [Operand, ...Operand[]] {
  return epilogue.residual ? [outputs[0], ...inputs.slice(-1)] : [outputs[0]];
}
