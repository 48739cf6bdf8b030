// Replaces nodes by the parts of the decomposition that was chosen for them.

import type { DeviceTraits } from "../../ops/device-traits.ts";
import { nonEmpty } from "../../ops/operator.ts";
import { createNode, type Graph, type Node, type Value } from "../ir/graph.ts";
import { type Choice, choose, isKernel } from "../plan/choose.ts";
import { wholeCall } from "../plan/lower.ts";
import { type Rewriting, rewrite } from "./rewrite.ts";

/** Parts may be decomposed in turn. */
export function decompose(graph: Graph, device: DeviceTraits, choice?: Choice): Graph {
  const visit = (node: Node, rewriting: Rewriting): readonly Value[] | undefined => {
    const call = wholeCall(node);
    const chosen = choose(node, call, device, choice);
    if (isKernel(chosen)) return undefined;
    const parts: Node[] = [];
    const result = chosen.build<Value>(
      {
        inputs: nonEmpty(node.inputs.map(rewriting.value), "inputs"),
        apply(part, operator, inputs, given, epilogue) {
          const options = { name: `${node.name}:${part}`, ...(epilogue && { epilogue }) };
          const made = createNode(operator, inputs, operator.attributes(given), options);
          parts.push(made);
          return made.outputs[0]!;
        },
      },
      call,
    );
    const last = parts.findIndex((part) => part.outputs[0] === result);
    const emitted = new Map<Value, Value>();
    for (const [i, part] of parts.entries()) {
      const inputs = part.inputs.map((input) => emitted.get(input) ?? input);
      const name = i === last ? node.name : part.name;
      const renamed = createNode(part.operator, inputs, part.attrs, { name, epilogue: part.epilogue });
      const outputs = visit(renamed, rewriting) ?? rewriting.emit(renamed);
      emitted.set(part.outputs[0]!, outputs[0]!);
    }
    return [emitted.get(result)!];
  };
  return rewrite(graph, visit);
}
