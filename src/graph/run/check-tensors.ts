// What a run is given and where it puts its results, and what is wrong with either before any of it starts.
import { ShapeError, UsageError } from "../../errors.ts";
import {
  type DType,
  dataTypes,
  elementCount,
  formatShape,
  type Shape,
  shapesEqual,
  type Tensor,
  type TensorData,
} from "../../tensor.ts";
import type { Value } from "../ir/graph.ts";

/** A tensor in a buffer of the caller's, row-major from its beginning: read where it is (usage STORAGE), else copied (COPY_SRC). */
export interface BufferTensor {
  readonly shape: Shape;
  readonly buffer: GPUBuffer;
}

/** A tensor for each input of a graph, by its name, in host or GPU memory. */
export type RunInputs = Readonly<Record<string, Tensor | BufferTensor>>;

/** For each output that does not go to a new array. */
export type RunTargets = Readonly<Record<string, GPUBuffer | TensorData>>;

/** Which of the two a target is. */
export function targetOf(target: RunTargets[string] | undefined): { buffer?: GPUBuffer; array?: TensorData } {
  if (!target) return {};
  return ArrayBuffer.isView(target) ? { array: target } : { buffer: target };
}

/** Throws UsageError for an unknown output, ShapeError for an array of another type or length. */
export function checkTargets(label: string, outputs: ReadonlyMap<string, Value>, targets: RunTargets = {}): void {
  for (const [name, target] of Object.entries(targets)) {
    const type = outputs.get(name)?.type;
    const where = `${label}: output "${name}"`;
    if (!type) throw new UsageError(`${label}: unknown output "${name}", expected ${[...outputs.keys()].join(", ")}`);
    const { array } = targetOf(target);
    if (array) requireData(where, { shape: type.shape, data: array }, type.dtype);
  }
}

/** Throws UsageError for a missing or unknown input, ShapeError for a wrong shape or type. */
export function checkInputs(label: string, expected: readonly Value[], inputs: RunInputs): void {
  const known = expected.map((value) => value.name);
  const unknown = Object.keys(inputs).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`${label}: unknown input "${unknown}", expected ${known.join(", ")}`);
  for (const { name, type } of expected) {
    const input = inputs[name];
    if (!input) throw new UsageError(`${label}: input "${name}" is missing, expected ${formatShape(type.shape)}`);
    if (!shapesEqual(input.shape, type.shape)) {
      const got = formatShape(input.shape);
      throw new ShapeError(`${label}: input "${name}" has shape ${got}, expected ${formatShape(type.shape)}`);
    }
    if ("data" in input) requireData(`${label}: input "${name}"`, input, type.dtype);
  }
}

/** Throws ShapeError for data of another type or length. */
export function requireData(where: string, { shape, data }: Tensor, dtype: DType): void {
  const type = dataTypes[dtype];
  if (data instanceof type && data.length === elementCount(shape)) return;
  const got = `${data?.constructor?.name} of ${data?.length}`;
  throw new ShapeError(`${where} has data ${got}, expected ${type.name} of ${elementCount(shape)}`);
}
