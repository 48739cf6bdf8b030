// Folds batch norm into the weight and bias of the convolution before it.
import { noEpilogue } from "../../ops/operator.ts";
import { countUses, createNode, type Graph } from "../ir/graph.ts";
import { rewrite } from "./rewrite.ts";

/**
 * `norm(conv(x, w) + b)` becomes `conv(x, w') + b'` where nobody else reads the convolution, and where w' and b' depend on
 * parameters only, so that they are computed once.
 */
export function foldBatchNorm(graph: Graph): Graph {
  const uses = countUses(graph);
  return rewrite(graph, (node, { value, emit }) => {
    const source = node.inputs[0];
    if (!node.operator.fold || source === undefined || uses.get(source) !== 1) return undefined;
    const producer = value(source).producer;
    const scale = producer?.operator.channelScale?.(producer.attrs);
    if (!producer || !scale || producer.epilogue.residual || producer.epilogue.activation.kind !== "none")
      return undefined;
    const weight = producer.inputs[scale.input]!;
    const bias = producer.epilogue.bias ? [producer.inputs.at(-1)!] : [];
    const statistics = node.inputs.slice(1).map(value);
    if (![weight, ...bias, ...statistics].every(({ kind }) => kind === "parameter" || kind === "constant"))
      return undefined;

    const fold = node.operator.fold(node.attrs, { axis: scale.axis, bias: bias.length > 0 });
    const inputs = [weight, ...bias, ...statistics];
    const [newWeight, newBias] = emit(
      createNode(fold.operator, inputs, fold.operator.attributes(fold.given), {
        name: `${node.name}:fold`,
        outputNames: [`${weight.name}:folded`, `${node.name}.bias:folded`],
      }),
    );
    const own = producer.inputs.slice(0, producer.inputs.length - bias.length);
    const newInputs = [...own.map((input, i) => (i === scale.input ? newWeight! : input)), newBias!];
    return emit(
      createNode(producer.operator, newInputs, producer.attrs, {
        name: node.name,
        epilogue: { ...noEpilogue, bias: true },
      }),
    );
  });
}
