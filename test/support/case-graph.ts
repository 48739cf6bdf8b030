// An operator's case as a graph.
import { createNode, type Graph, type Value } from "../../src/graph/ir/graph.ts";
import type { Operator } from "../../src/ops/operator.ts";
import { fullEpilogue, inputSpec, type OperatorCase } from "./operator-cases.ts";

/** One node by the name `node`, whose inputs are `0`, `1` and so on, all of a run or states, floats f32. */
export function caseGraph(operator: Operator, { inputs, given, epilogue }: OperatorCase<object>): Graph {
  const value = (i: number, type: Value["type"]): Value => {
    return { name: `${i}`, kind: operator.updates?.includes(i) ? "state" : "input", type };
  };
  const own = inputs.map(inputSpec).map(({ shape, dtype = "f32" }, i) => value(i, { shape, dtype }));
  const attrs = operator.attributes(given);
  const [output] = createNode(operator, own, attrs, { name: "plain" }).outputs;
  const full = fullEpilogue(epilogue);
  const shapes = [...(full.bias ? [[output!.type.shape[1]!]] : []), ...(full.residual ? [output!.type.shape] : [])];
  const all = [...own, ...shapes.map((shape, i) => value(own.length + i, { shape, dtype: "f32" }))];
  const node = createNode(operator, all, attrs, { name: "node", epilogue: full });
  return { inputs: all, parameters: [], nodes: [node], outputs: new Map([["y", node.outputs[0]!]]) };
}
