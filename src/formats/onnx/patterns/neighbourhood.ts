// What stands around a node in its file: what gave its inputs, and what is known of them.

import type { Shape } from "../../../tensor.ts";
import { isStandard } from "../file.ts";
import { type HostTensor, toElement } from "../host-tensor.ts";
import type { AttributeProto, GraphProto, NodeProto } from "../messages.ts";
import { namesReadBy } from "../needed-nodes.ts";
import type { NodeContext } from "../node-context.ts";
import type { Operand } from "../operand.ts";

/** What takes the place of a node that ends a pattern. The nodes before it stay for others who read them. */
export interface Replacement {
  /** What it is, by its ONNX name. */
  readonly operator: string;
  readonly inputs: readonly string[];
  build(node: NodeContext): Operand;
}

/** Undefined for a node that does not end the pattern. */
export type Pattern = (node: NodeProto, around: Neighbourhood) => Replacement | undefined;

/** What the importer knows of values by their names in the file. */
export interface KnownValues {
  /** Undefined for what is not imported yet, or could not be. */
  operand(name: string): Operand | undefined;
  tensor(operand: Operand): HostTensor | undefined;
}

export class Neighbourhood {
  /** Version of the standard operators. */
  readonly opset: number;
  readonly #producers: ReadonlyMap<string, NodeProto>;
  readonly #readers: ReadonlyMap<string, number>;
  readonly #values: KnownValues;

  constructor(graph: GraphProto, opset: number, values: KnownValues) {
    const { nodes, outputs } = graph;
    this.opset = opset;
    this.#producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
    this.#readers = countReaders([...nodes.flatMap(namesReadBy), ...outputs.map(({ name }) => name)]);
    this.#values = values;
  }

  /** The node that gives a value, where it is of this type. */
  producer(name: string | undefined, opType: string): NodeProto | undefined {
    const node = this.#producers.get(name ?? "");
    return node?.opType === opType && isStandard(node.domain) ? node : undefined;
  }

  /** Whether nothing but one node reads a value. */
  isPassing(name: string): boolean {
    return this.#readers.get(name) === 1;
  }

  shape(name: string | undefined): Shape | undefined {
    return this.#values.operand(name ?? "")?.shape;
  }

  /** Whether a value is the same in every run. */
  isFixed(name: string): boolean {
    const kind = this.#values.operand(name)?.kind;
    return kind === "weight" || kind === "known";
  }

  known(name: string | undefined): HostTensor | undefined {
    const operand = this.#values.operand(name ?? "");
    return operand && this.#values.tensor(operand);
  }

  /** A constant of one number, whatever its shape. */
  scalar(name: string | undefined): number | undefined {
    const shape = this.shape(name);
    return shape?.every((size) => size === 1) ? this.known(name)?.data[0] : undefined;
  }

  /** Numbers that are an attribute in old operator sets, an input in new ones. */
  ints(node: NodeProto, attribute: string, input: number): readonly number[] | undefined {
    const stated = attributeOf(node, attribute)?.ints;
    if (stated) return stated;
    const tensor = this.known(node.inputs[input]);
    return tensor && Array.from(tensor.data);
  }
}

function countReaders(names: readonly string[]): ReadonlyMap<string, number> {
  const readers = new Map<string, number>();
  for (const name of names) readers.set(name, (readers.get(name) ?? 0) + 1);
  return readers;
}

export function attributeOf({ attributes }: NodeProto, name: string): AttributeProto | undefined {
  return attributes.find((attribute) => attribute.name === name);
}

/** Both inputs of a node in both orders: sums and products are written either way. */
export function eitherOrder({ inputs: [a = "", b = ""] }: NodeProto): readonly (readonly [string, string])[] {
  return [
    [a, b],
    [b, a],
  ];
}

/** Whether a number of a file is the rounded `exact`, in f32 or a narrower type. */
export function isRounded(value: number | undefined, exact: number): boolean {
  if (value === undefined) return false;
  const types = ["f32", "f16", "bf16"] as const;
  return types.some((type) => Math.abs(toElement(type, exact) - value) <= 2 ** -22 * Math.abs(exact));
}
