// Folds factors and terms of all elements into the weight and bias of the convolution before them.

import { noEpilogue } from "../../ops/operator.ts";
import { expand } from "../../ops/reduce/sum-expand.ts";
import { elementCount } from "../../tensor.ts";
import { countUses, createNode, type Graph, type Node, type Value } from "../ir/graph.ts";
import { rewrite } from "./rewrite.ts";

/**
 * `s * (conv(x, w) + b)` becomes `conv(x, s * w) + s * b`, and `conv(x, w) + b + t` becomes `conv(x, w) + (b + t)`, where
 * nobody else reads the convolution, and the scalars, w and b depend on parameters only, so that they are computed once.
 */
export function foldScalars(graph: Graph): Graph {
  const uses = countUses(graph);
  const fixed = new Set<Value>();
  const isFixed = (value: Value) => value.kind === "parameter" || value.kind === "constant" || fixed.has(value);
  return rewrite(graph, (node, { value, emit }) => {
    const inputs = node.inputs.map(value);
    if (inputs.every(isFixed)) {
      for (const output of node.outputs) fixed.add(output);
      return undefined;
    }
    const { operator } = node;
    if (!operator.affine) return undefined;
    const scalar = inputs.find((input) => isFixed(input) && isScalar(input));
    const source = node.inputs.find((input) => value(input) !== scalar);
    const target = source && uses.get(source) === 1 ? affine(value(source)) : undefined;
    if (!scalar || !target || ![target.weight, ...target.bias].every(isFixed)) return undefined;

    const once = (of: Value) => {
      const [made] = emit(createNode(operator, [of, scalar], {}, { name: `${of.name}:folded` }));
      fixed.add(made!);
      return made!;
    };
    const { producer, own, at } = target;
    const weight = operator.affine === "scale" ? once(target.weight) : target.weight;
    const bias = target.bias.map(once);
    if (operator.affine === "shift" && bias.length === 0) {
      const attrs = expand.attributes({ shape: [node.outputs[0]!.type.shape[1]!] });
      const [made] = emit(createNode(expand, [scalar], attrs, { name: `${node.name}.bias:folded` }));
      fixed.add(made!);
      bias.push(made!);
    }
    const epilogue = { ...noEpilogue, bias: bias.length > 0 };
    return emit(
      createNode(producer.operator, [...own.with(at, weight), ...bias], producer.attrs, { name: node.name, epilogue }),
    );
  });
}

function isScalar({ type: { shape, dtype } }: Value): boolean {
  return dtype === "f32" && shape.length <= 1 && elementCount(shape) === 1;
}

interface Affine {
  readonly producer: Node;
  /** The operator's own inputs. */
  readonly own: readonly Value[];
  /** Which of them is the weight. */
  readonly at: number;
  readonly weight: Value;
  /** One, or none. */
  readonly bias: readonly Value[];
}

/** What computed a value, where it is linear in a weight and does nothing behind its bias. */
function affine({ producer }: Value): Affine | undefined {
  const at = producer?.operator.channelScale?.(producer.attrs)?.input;
  if (!producer || at === undefined) return undefined;
  const { residual, activation, bias } = producer.epilogue;
  if (residual || activation.kind !== "none") return undefined;
  const count = producer.inputs.length - (bias ? 1 : 0);
  const [own, rest] = [producer.inputs.slice(0, count), producer.inputs.slice(count)];
  return { producer, own, at, weight: own[at]!, bias: rest };
}
