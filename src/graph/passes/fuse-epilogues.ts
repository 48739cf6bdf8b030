// Lets a convolution add its residual and apply its activation before it writes its result.
import type { Epilogue } from "../../ops/operator.ts";
import { shapesEqual } from "../../tensor.ts";
import { countUses, createNode, type Graph, type Node, type Value } from "../ir/graph.ts";
import { rewrite } from "./rewrite.ts";

/** `add(conv(x), r)` and `relu(conv(x))` become one node, where nobody else reads the value between. */
export function fuseEpilogues(graph: Graph): Graph {
  const uses = countUses(graph);
  return rewrite(graph, (node, { value, emit, supersede }) => {
    const fuse = (producer: Node, inputs: readonly Value[], epilogue: Epilogue): readonly Value[] => {
      const fused = createNode(producer.operator, inputs, producer.attrs, { name: node.name, epilogue });
      supersede(producer, fused);
      return emit(fused).slice(0, 1);
    };
    const fusable = (old: Value | undefined): Node | undefined => {
      if (old === undefined || uses.get(old) !== 1) return undefined;
      const producer = value(old).producer;
      return producer?.operator.epilogue && producer.epilogue.activation.kind === "none" ? producer : undefined;
    };
    const activation = node.operator.activation?.(node.attrs);
    if (activation) {
      const producer = fusable(node.inputs[0]);
      if (!producer) return undefined;
      const epilogue = { ...producer.epilogue, activation };
      return fuse(producer, producer.inputs, epilogue);
    }
    if (node.operator.residual) {
      for (const [own, other] of [
        [0, 1],
        [1, 0],
      ] as const) {
        const producer = fusable(node.inputs[own]);
        const residual = value(node.inputs[other]!);
        if (!producer || producer.epilogue.residual) continue;
        if (!shapesEqual(residual.type.shape, producer.outputs[0]!.type.shape)) continue;
        const epilogue = { ...producer.epilogue, residual: true };
        return fuse(producer, [...producer.inputs, residual], epilogue);
      }
    }
    return undefined;
  });
}
