// Reverse-mode differentiation as graph: the gradients are ordinary nodes behind those of the forward pass, so that fusion,
// the memory plan, profiling and parity checks work on them unchanged.
import { UsageError } from "../../errors.ts";
import { add } from "../../ops/elementwise/arithmetic.ts";
import { type GradientContext, nonEmpty, type Operator } from "../../ops/operator.ts";
import { sum } from "../../ops/reduce/sum-expand.ts";
import { formatShape, shapesEqual } from "../../tensor.ts";
import { createNode, isFloat, type Node, type Value } from "./graph.ts";

/** A value and d(loss)/d(value). */
export interface Seed {
  readonly value: Value;
  readonly gradient: Value;
}

/** Appends a node and returns its outputs. */
export type Append = (node: Node) => readonly Value[];

/**
 * Appends the nodes that compute d(loss)/d(w) for each w of `wanted`: undefined where no seed depends on it.
 * `nodes` are those of the forward pass, in order. Where a value is read more than once its gradients are added up, in the
 * order of the readers from the last to the first.
 * Throws UsageError where a seed's gradient has another shape, and where the way leads through an operator without gradient.
 */
export function differentiate(
  nodes: readonly Node[],
  seeds: readonly Seed[],
  wanted: readonly Value[],
  append: Append,
): readonly (Value | undefined)[] {
  const depends = dependents(nodes, wanted);
  const gradients = new Gradients(append);
  for (const { value, gradient } of seeds) {
    if (!shapesEqual(value.type.shape, gradient.type.shape)) {
      const got = formatShape(gradient.type.shape);
      throw new UsageError(`gradient of ${value.name}: got shape ${got}, expected ${formatShape(value.type.shape)}`);
    }
    gradients.add(value, gradient);
  }
  for (const node of nodes.toReversed()) {
    if (!node.inputs.some((input) => depends.has(input))) continue;
    const outputGradients = node.outputs.map((output) => gradients.of(output));
    if (outputGradients.every((gradient) => gradient === undefined)) continue;
    inputGradients(node, outputGradients, append).forEach((gradient, i) => {
      const input = node.inputs[i]!;
      if (gradient && depends.has(input)) gradients.add(input, gradient);
    });
  }
  return wanted.map((value) => gradients.of(value, `grad:${value.name}`));
}

/** The wanted values and all floats that are computed from them. */
function dependents(nodes: readonly Node[], wanted: readonly Value[]): ReadonlySet<Value> {
  const found = new Set<Value>(wanted);
  for (const node of nodes) {
    if (!node.inputs.some((input) => found.has(input))) continue;
    for (const output of node.outputs) if (isFloat(output)) found.add(output);
  }
  return found;
}

/** What flows into each value, from all of its readers. */
class Gradients {
  readonly #terms = new Map<Value, Value[]>();
  readonly #append: Append;

  constructor(append: Append) {
    this.#append = append;
  }

  add(value: Value, term: Value): void {
    const terms = this.#terms.get(value);
    if (terms) terms.push(term);
    else this.#terms.set(value, [term]);
  }

  /** Their sum, computed when it is first asked for: every reader of the value has been passed by then. */
  of(value: Value, name = `grad:${value.name}`): Value | undefined {
    const [first, ...rest] = this.#terms.get(value) ?? [];
    const total = rest.reduce<Value | undefined>((sumSoFar, term, i) => {
      const isLast = i === rest.length - 1;
      const node = createNode(add, [sumSoFar!, term], {}, { name: isLast ? name : `${name}:sum${i}` });
      return this.#append(node)[0]!;
    }, first);
    if (total) this.#terms.set(value, [total]);
    return total;
  }
}

/** The gradients of a node's inputs: the rule's, and of a bias the sum over all axes but that of the channels. */
function inputGradients(
  node: Node,
  outputGradients: readonly (Value | undefined)[],
  append: Append,
): readonly (Value | undefined)[] {
  const { operator, attrs, epilogue, inputs, outputs } = node;
  if (epilogue.residual || epilogue.activation.kind !== "none")
    throw new UsageError(`node ${node.name}: differentiate before operators are fused`);
  if (!operator.gradient) throw new UsageError(`node ${node.name}: ${operator.name} has no gradient`);
  const own = epilogue.bias ? inputs.slice(0, -1) : inputs;
  let count = 0;
  const applyAll: GradientContext<Value>["applyAll"] = (part, partInputs, given) => {
    const name = `grad:${node.name}:${part.name}${count++ || ""}`;
    return append(createNode(part as Operator, partInputs, part.attributes(given), { name }));
  };
  const context: GradientContext<Value> = {
    inputs: nonEmpty(own, "inputs"),
    outputs: nonEmpty(outputs, "outputs"),
    outputGradients: nonEmpty(outputGradients, "gradients"),
    get gy() {
      const [gy] = outputGradients;
      if (!gy) throw new Error(`${operator.name}: nothing depends on its first output`);
      return gy;
    },
    attrs,
    type: ({ type }) => type,
    constant: (number) => scalar(number),
    applyAll,
    apply: (...call) => applyAll(...call)[0]!,
  };
  const gradients = operator.gradient(context);
  own.forEach((input, i) => {
    const gradient = gradients[i];
    if (!gradient || shapesEqual(gradient.type.shape, input.type.shape)) return;
    const got = formatShape(gradient.type.shape);
    throw new Error(`${operator.name}: gradient of input ${i} is ${got}, expected ${formatShape(input.type.shape)}`);
  });
  if (!epilogue.bias) return gradients;
  const channelGradient = outputGradients[0] && sumOverChannels(context, outputGradients[0]);
  return [...own.map((_, i) => gradients[i]), channelGradient];
}

function scalar(number: number): Value {
  const type = { shape: [], dtype: "f32" } as const;
  return { name: String(number), type, kind: "constant", data: Float32Array.of(number) };
}

/** [N, C, ...] to [C]. */
function sumOverChannels({ apply, type }: GradientContext<Value>, gradient: Value): Value {
  const axes = [...type(gradient).shape.keys()].filter((axis) => axis !== 1);
  return apply(sum, [gradient], { axes });
}
