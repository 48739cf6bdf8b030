// One node while it is imported: its attributes, its inputs, and the graph that it is appended to.

import type { ApplyOptions, GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import type { Operator } from "../../ops/operator.ts";
import { dataTypes, elementCount, formatShape, type Shape } from "../../tensor.ts";
import { deviceType, type ElementType, isComputable, isWideInteger } from "./element-type.ts";
import { type HostTensor, hostTensor } from "./host-tensor.ts";
import type { KnownTensors } from "./known-tensors.ts";
import { type AttributeProto, attributeTypes, type NodeProto } from "./messages.ts";
import { computed, known, type Operand } from "./operand.ts";
import { ensure, UnsupportedNode } from "./unsupported.ts";

/** What the importer lends to its nodes. */
export interface ImportContext {
  readonly builder: GraphBuilder;
  readonly opset: number;
  readonly tensors: KnownTensors;
}

interface StepOptions {
  readonly part?: string;
  readonly bias?: Value;
}

/** More elements than this are no tensor of a network that any device runs. */
const maxElements = 2 ** 32;

export class NodeContext {
  readonly name: string;
  readonly opType: string;
  /** Version of the standard operators. */
  readonly opset: number;
  readonly inputs: readonly (Operand | undefined)[];
  readonly outputs: readonly string[];
  readonly #attributes: ReadonlyMap<string, AttributeProto>;
  readonly #read = new Set<string>();
  readonly #importing: ImportContext;

  constructor(node: NodeProto, name: string, inputs: readonly (Operand | undefined)[], importing: ImportContext) {
    this.name = name;
    this.opType = node.opType;
    this.opset = importing.opset;
    this.inputs = inputs;
    this.outputs = node.outputs;
    this.#attributes = new Map(node.attributes.map((attribute) => [attribute.name, attribute]));
    this.#importing = importing;
  }

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  int<D>(name: string, absent: D): number | D {
    return this.#attribute(name, "int")?.i ?? absent;
  }

  float<D>(name: string, absent: D): number | D {
    return this.#attribute(name, "float")?.f ?? absent;
  }

  string<D>(name: string, absent: D): string | D {
    return this.#attribute(name, "string")?.s ?? absent;
  }

  ints<D>(name: string, absent: D): readonly number[] | D {
    return this.#attribute(name, "ints")?.ints ?? absent;
  }

  floats<D>(name: string, absent: D): readonly number[] | D {
    return this.#attribute(name, "floats")?.floats ?? absent;
  }

  tensor(name: string): HostTensor | undefined {
    const attribute = this.#attribute(name, "tensor");
    return attribute && this.#importing.tensors.ofAttribute(attribute);
  }

  /** Marks attributes that change nothing here. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#read.add(name);
  }

  /** Attributes that nobody read: to leave them unheeded would be to compute something else. */
  unreadAttributes(): string[] {
    return [...this.#attributes.keys()].filter((name) => !this.#read.has(name));
  }

  /** An input that must be there. */
  operand(index: number): Operand {
    const operand = this.inputs[index];
    ensure(operand !== undefined, `input ${index} is missing`);
    return operand;
  }

  /** The numbers of an input that must be known now, such as a shape. */
  known(index: number, what: string): HostTensor {
    const tensor = this.#importing.tensors.of(this.operand(index));
    ensure(tensor !== undefined, `input ${index} (${what}) is not a constant`);
    return tensor;
  }

  /** As {@link known}, undefined where the input is left out. */
  optionalKnown(index: number, what: string): HostTensor | undefined {
    return this.inputs[index] === undefined ? undefined : this.known(index, what);
  }

  /** The numbers of an input, where they are known. */
  optionalTensor(index: number): HostTensor | undefined {
    return this.#importing.tensors.of(this.operand(index));
  }

  /** All inputs, where there are some and every one of them is known. */
  allKnown(): HostTensor[] | undefined {
    if (this.inputs.length === 0) return undefined;
    const tensors: HostTensor[] = [];
    for (const operand of this.inputs) {
      const tensor = operand && this.#importing.tensors.of(operand);
      if (!tensor) return undefined;
      tensors.push(tensor);
    }
    return tensors;
  }

  /** An input of floats as a value of the graph, f32. */
  value(index: number): Value {
    const { type } = this.operand(index);
    ensure(isComputable(type), `input ${index} is ${type}, expected f32, f16 or bf16`);
    return this.anyValue(index);
  }

  /** An input as a value of the graph: f32, or i32 for integers and u32 for masks. */
  anyValue(index: number): Value {
    return this.asValue(this.operand(index), `input ${index}`);
  }

  /** An input of numbers that the GPU adds and multiplies: floats, i32 and i64. */
  number(index: number): Value {
    const { type } = this.operand(index);
    ensure(isComputable(type) || isWideInteger(type), `input ${index} is ${type}, expected floats, i32 or i64`);
    return this.anyValue(index);
  }

  asValue(operand: Operand, what: string): Value {
    const { shape, type } = operand;
    ensure(deviceType(type) !== undefined, `${what} is ${type}, expected f32, f16, bf16, integers or bool`);
    ensure(operand.kind !== "shape-only", `${what} is good for its shape only`);
    ensure(!shape.includes(0), `${what} is empty, got shape ${formatShape(shape)}`);
    if (operand.kind === "computed") return operand.value;
    if (operand.kind === "weight" && isComputable(type)) return this.#importing.builder.parameter(operand.name, shape);
    const tensor = this.#importing.tensors.of(operand);
    ensure(tensor !== undefined, `${what} is ${type} of ${elementCount(shape)} elements, which weights are not`);
    return this.constant(what.replace(" ", ""), tensor, what);
  }

  /** A tensor that becomes part of the graph; `what` is its name in messages. */
  constant(part: string, { type, shape, data }: HostTensor, what: string = part): Value {
    const stored = deviceType(type);
    ensure(stored !== undefined, `${what} is ${type}, expected f32, f16, bf16, integers or bool`);
    const values = dataTypes[stored].from(data);
    const isExact = stored === "f32" || values.every((value, i) => value === data[i]);
    ensure(isExact, `${what} is ${type} with numbers that are no ${stored}`);
    return this.#importing.builder.constant(`${this.name}.${part}`, { shape, data: values });
  }

  /** A constant of one number. */
  scalar(part: string, value: number, type: ElementType = "f32"): Value {
    return this.constant(part, hostTensor(type, [], [value]));
  }

  /** Appends an operator. With `part` it is a step on the way, named after the node; without, it is the node. */
  apply<A extends object, G extends object>(
    operator: Operator<A, G>,
    inputs: readonly Value[],
    given: G,
    options: StepOptions = {},
  ): Value {
    return this.applyAll(operator, inputs, given, options)[0]!;
  }

  /** As {@link apply}, with all outputs. */
  applyAll<A extends object, G extends object>(
    operator: Operator<A, G>,
    inputs: readonly Value[],
    given: G,
    { part, bias }: StepOptions = {},
  ): readonly Value[] {
    const name = part === undefined ? this.name : `${this.name}.${part}`;
    const applying: ApplyOptions = { name, ...(bias && { bias }) };
    const values = this.#importing.builder.applyAll(operator, inputs, given, applying);
    const { shape } = values[0]!.type;
    ensure(elementCount(shape) <= maxElements, `its output is too large, got ${formatShape(shape)}`);
    return values;
  }

  /** The result of a node: of the type of its first input. */
  result(value: Value, type: ElementType = this.operand(0).type): Operand {
    return computed(type, value);
  }

  /** A result that is known. `shape` is checked before anything of its size is made. */
  fold(shape: Shape, make: () => HostTensor): Operand {
    this.#importing.tensors.reserve(elementCount(shape));
    return known(make());
  }

  /** Counts work or memory that does not come with the file's size. Throws where an import has had too much. */
  reserve(elements: number): void {
    this.#importing.tensors.reserve(elements);
  }

  #attribute(name: string, type: keyof typeof attributeTypes): AttributeProto | undefined {
    const attribute = this.#attributes.get(name);
    if (!attribute) return undefined;
    this.#read.add(name);
    // Files of the first years do not say the type.
    if (attribute.type === attributeTypes[type] || attribute.type === 0) return attribute;
    throw new UnsupportedNode(
      `attribute ${name} has type ${attribute.type}, expected ${attributeTypes[type]} (${type})`,
    );
  }
}
