// One call of a PyTorch operator, with its arguments by name, while it is written as a graph.
import type { GraphBuilder } from "../../src/graph/ir/builder.ts";
import type { Value } from "../../src/graph/ir/graph.ts";
import { reshape } from "../../src/ops/move/reshape.ts";
import type { Operator } from "../../src/ops/operator.ts";
import { type Shape, shapesEqual } from "../../src/tensor.ts";
import type { Argument, Arguments, StoredTensor, TensorName } from "./opinfo-samples.ts";

/** Why a sample is not computed here. */
export class OutOfScope extends Error {}

/** How a sample becomes a graph. */
export interface Translation {
  /** Names of the parameters in PyTorch's order. */
  readonly signature: string;
  build(call: Call): Value | readonly Value[];
}

export interface CallSpec {
  readonly builder: GraphBuilder;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly given: Arguments;
  /** Tensors that are weights, not inputs. */
  readonly parameters: ReadonlySet<string>;
}

export class Call {
  readonly builder: GraphBuilder;
  readonly #spec: CallSpec;
  readonly #read = new Set<string>();
  readonly #values = new Map<string, Value>();
  readonly #replaced = new Map<string, Value>();
  #gradientRefusal: string | undefined;
  #constants = 0;

  constructor(spec: CallSpec) {
    this.builder = spec.builder;
    this.#spec = spec;
  }

  /** Arguments that changed nothing because nobody asked for them. */
  get unread(): string[] {
    return Object.keys(this.#spec.given).filter((name) => !this.#read.has(name));
  }

  get(name: string): Argument {
    this.#read.add(name);
    return this.#spec.given[name] ?? null;
  }

  /** The value that stands for a tensor of the sample, if it has become part of the graph. */
  valueOf(tensor: string): Value | undefined {
    return this.#values.get(tensor);
  }

  /** Marks arguments that change nothing in the forward pass. */
  ignore(...names: string[]): void {
    for (const name of names) this.#read.add(name);
  }

  /** Why PyTorch's gradient is not that of the graph, though the outputs agree. */
  get gradientRefusal(): string | undefined {
    return this.#gradientRefusal;
  }

  refuseGradient(reason: string): void {
    this.#gradientRefusal = reason;
  }

  /** Puts another value in an argument's place. */
  replace(name: string, value: Value): void {
    this.#replaced.set(name, value);
  }

  tensor(name: string): Value {
    const value = this.optional(name);
    if (value) return value;
    throw new OutOfScope(`${name} is no tensor`);
  }

  optional(name: string): Value | undefined {
    const given = this.get(name);
    return this.#replaced.get(name) ?? (isTensor(given) ? this.#value(given) : undefined);
  }

  tensors(name: string): Value[] {
    const given = this.get(name);
    if (!Array.isArray(given) || !given.every(isTensor)) throw new OutOfScope(`${name} is no list of tensors`);
    return given.map((tensor) => this.#value(tensor));
  }

  /** An operand of arithmetic: a tensor of floats, or a number, which is one. */
  operand(name: string): Value {
    const given = this.get(name);
    if (!isTensor(given)) return this.scalar(this.number(name));
    const value = this.tensor(name);
    if (value.type.dtype !== "f32") throw new OutOfScope(`${name} is a tensor of ${value.type.dtype}, not of floats`);
    return value;
  }

  number(name: string, otherwise?: number): number {
    const given = this.get(name) ?? otherwise ?? null;
    if (typeof given === "number") return given;
    if (typeof given === "object" && given !== null && "float" in given) return floatOf(given.float);
    throw new OutOfScope(`${name} is no number`);
  }

  boolean(name: string, otherwise = false): boolean {
    const given = this.get(name) ?? otherwise;
    if (typeof given === "boolean") return given;
    throw new OutOfScope(`${name} is no boolean`);
  }

  text(name: string, otherwise: string): string {
    const given = this.get(name) ?? otherwise;
    if (typeof given === "string") return given;
    throw new OutOfScope(`${name} is no text`);
  }

  /** A list of numbers, or one number as a list; undefined where there is none. */
  list(name: string): number[] | undefined {
    const given = this.get(name);
    if (given === null) return undefined;
    const items: readonly Argument[] = Array.isArray(given) ? given : [given];
    if (items.every((item) => typeof item === "number")) return [...items];
    throw new OutOfScope(`${name} is no list of numbers`);
  }

  /** As {@link list}, of `count` numbers; one number counts for all. */
  sizes(name: string, count: number, otherwise?: number): number[] {
    const given = this.list(name) ?? (otherwise === undefined ? [] : [otherwise]);
    if (given.length === 1) return Array.from({ length: count }, () => given[0]!);
    if (given.length === count) return given;
    throw new OutOfScope(`${name} has ${given.length} numbers, not ${count}`);
  }

  /** Results are f32; a `dtype` that says so changes nothing. */
  requireFloat32(): void {
    const given = this.get("dtype");
    if (given === null) return;
    const name = typeof given === "object" && "dtype" in given ? given.dtype : String(given);
    if (name !== "float32") throw new OutOfScope(`dtype=${name}`);
  }

  scalar(value: number): Value {
    return this.constant([], Float32Array.of(value));
  }

  /** All elements the same. */
  filled(shape: Shape, value: number): Value {
    return this.constant(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value));
  }

  constant(shape: Shape, data: Float32Array | Int32Array): Value {
    return this.builder.constant(`constant.${this.#constants++}`, { shape, data });
  }

  /** The elements of an argument, which are known before the graph is built. */
  elements(name: string): readonly number[] {
    const given = this.get(name);
    if (!isTensor(given)) throw new OutOfScope(`${name} is no tensor`);
    return Array.from(this.#stored(given).data);
  }

  apply<A extends object, G extends object>(operator: Operator<A, G>, inputs: readonly Value[], given: G): Value {
    return this.builder.apply(operator, inputs, given);
  }

  reshape(x: Value, shape: Shape): Value {
    return shapesEqual(x.type.shape, shape) ? x : this.apply(reshape, [x], { shape });
  }

  #stored({ tensor }: TensorName): StoredTensor {
    const stored = this.#spec.tensors.get(tensor);
    if (!stored) throw new Error(`the samples have no tensor ${tensor}`);
    return stored;
  }

  #value(name: TensorName): Value {
    const { tensor } = name;
    const known = this.#values.get(tensor);
    if (known) return known;
    const { shape, dtype } = this.#stored(name);
    const isParameter = this.#spec.parameters.has(tensor);
    const value = isParameter ? this.builder.parameter(tensor, shape) : this.builder.input(tensor, shape, dtype);
    this.#values.set(tensor, value);
    return value;
  }
}

export function isTensor(given: Argument): given is TensorName {
  return typeof given === "object" && given !== null && "tensor" in given;
}

function floatOf(text: "inf" | "-inf" | "nan"): number {
  if (text === "nan") return Number.NaN;
  return text === "inf" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}
