// What a run is given and where it puts its results, and what is wrong with either before any of it starts.
import { ShapeError, UsageError } from "../../errors.ts";
import { BufferUsage } from "../../gpu/usage.ts";
import { shown } from "../../options.ts";
import {
  byteLength,
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

/** What the caller may overwrite is copied; buffers are the caller's still. */
export function copyInputs(inputs: RunInputs): RunInputs {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [
      name,
      "data" in input ? { shape: input.shape, data: input.data.slice() } : { ...input },
    ]),
  );
}

/** Throws UsageError for an unknown output, ShapeError for an array of another type or length. */
export function checkTargets(label: string, outputs: ReadonlyMap<string, Value>, targets: RunTargets = {}): void {
  for (const [name, target] of Object.entries(targets)) {
    const type = outputs.get(name)?.type;
    const where = `${label}: output "${name}"`;
    if (!type) throw new UsageError(`${label}: unknown output "${name}", expected ${[...outputs.keys()].join(", ")}`);
    const { array, buffer } = targetOf(target);
    if (buffer)
      requireBuffer(where, buffer, byteLength(type), { STORAGE: BufferUsage.STORAGE, COPY_DST: BufferUsage.COPY_DST });
    if (array) requireData(where, { shape: type.shape, data: array }, type.dtype);
  }
}

/** Throws UsageError for a missing or unknown input, ShapeError for a wrong shape or type. */
export function checkInputs(label: string, expected: readonly Value[], inputs: RunInputs): void {
  const known = expected.map((value) => value.name);
  if (!isRecord(inputs))
    throw new UsageError(`${label}: got ${shown(inputs)}, expected inputs by name: ${known.join(", ")}`);
  const unknown = Object.keys(inputs).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`${label}: unknown input "${unknown}", expected ${known.join(", ")}`);
  for (const { name, type } of expected) {
    const input = inputs[name];
    const isTensor = isRecord(input) && ("data" in input || "buffer" in input);
    if (input !== undefined && !isTensor) {
      const todo = `expected { shape: ${formatShape(type.shape)}, data } or { shape, buffer }`;
      throw new UsageError(`${label}: input "${name}" is ${shown(input)}, ${todo}`);
    }
    if (!input) throw new UsageError(`${label}: input "${name}" is missing, expected ${formatShape(type.shape)}`);
    if (!Array.isArray(input.shape) || !shapesEqual(input.shape, type.shape)) {
      const got = Array.isArray(input.shape) ? formatShape(input.shape) : shown(input.shape);
      throw new ShapeError(`${label}: input "${name}" has shape ${got}, expected ${formatShape(type.shape)}`);
    }
    const where = `${label}: input "${name}"`;
    if ("data" in input) requireData(where, input, type.dtype);
    else
      requireBuffer(where, input.buffer, byteLength(type), {
        STORAGE: BufferUsage.STORAGE,
        COPY_SRC: BufferUsage.COPY_SRC,
      });
  }
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
}

/** Throws UsageError for what is no buffer, is too small, or has none of the usages that would do. */
function requireBuffer(
  where: string,
  buffer: GPUBuffer,
  bytes: number,
  usages: Readonly<Record<string, number>>,
): void {
  if (!isRecord(buffer) || typeof buffer.usage !== "number")
    throw new UsageError(`${where} has buffer ${shown(buffer)}, expected a GPUBuffer`);
  if (buffer.size < bytes)
    throw new UsageError(`${where}: buffer "${buffer.label}" has ${buffer.size} bytes, expected at least ${bytes}`);
  if (Object.values(usages).some((usage) => (buffer.usage & usage) !== 0)) return;
  const expected = Object.keys(usages).join(" or ");
  throw new UsageError(
    `${where}: buffer "${buffer.label}" has usage ${usageNames(buffer.usage)}, expected ${expected}`,
  );
}

function usageNames(usage: number): string {
  const found = Object.entries(BufferUsage).filter(([, bit]) => (usage & bit) !== 0);
  return found.map(([name]) => name).join(" | ") || "none";
}

/** Throws ShapeError for data of another type or length. */
export function requireData(where: string, { shape, data }: Tensor, dtype: DType): void {
  const type = dataTypes[dtype];
  if (data?.buffer && !(data.buffer instanceof ArrayBuffer))
    throw new UsageError(
      `${where} has data in a ${data.buffer.constructor.name}, expected an ArrayBuffer: give data.slice()`,
    );
  if (data instanceof type && data.length === elementCount(shape)) return;
  const got = `${data?.constructor?.name} of ${data?.length}`;
  throw new ShapeError(`${where} has data ${got}, expected ${type.name} of ${elementCount(shape)}`);
}
