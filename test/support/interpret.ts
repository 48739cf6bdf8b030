// Runs a graph without a GPU, each operator by the float64 reference of its cases.

import type { Graph, Node, Value } from "../../src/graph/ir/graph.ts";
import { fromF32, saturateF16, toF32 } from "../../src/half.ts";
import { elementCount } from "../../src/tensor.ts";
import { allSuites, firstType } from "./all-suites.ts";
import { applyEpilogue } from "./check-operator.ts";
import type { ReferenceTensor } from "./operator-cases.ts";

const suites = await allSuites();

export interface Interpretation {
  /** By their names. */
  readonly outputs: ReadonlyMap<string, Float64Array>;
  /** What the run leaves in each state. */
  readonly states: ReadonlyMap<string, Float64Array>;
}

/**
 * Numbers are float64, but rounded where a value is f16. A state is one memory: what an update leaves there is seen by every
 * later node that reads it, or a view of it. Throws Error for an operator without cases.
 */
export function interpret(graph: Graph, give: (value: Value) => Float64Array): Interpretation {
  const known = new Map<Value, Float64Array>();
  const states = new Map<string, Float64Array>();
  const read = (value: Value): Float64Array => {
    const found = known.get(value);
    if (found) return found;
    if (value.kind === "computed") throw new Error(`${value.name} is read before it is computed`);
    const data = stored(value, value.data ? Float64Array.from(value.data) : give(value).slice());
    if (value.kind === "state") states.set(value.name, data);
    known.set(value, data);
    return data;
  };
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => ({ shape: input.type.shape, data: read(input) }));
    compute(node, inputs).forEach((data, i) => {
      const updated = node.operator.updates?.[i];
      if (updated !== undefined) inputs[updated]!.data.set(data);
      known.set(node.outputs[i]!, updated === undefined ? data : inputs[updated]!.data);
    });
  }
  return { outputs: new Map([...graph.outputs].map(([name, value]) => [name, read(value)])), states };
}

function compute(node: Node, inputs: readonly ReferenceTensor[]): readonly Float64Array[] {
  const { operator, attrs, epilogue } = node;
  const first = node.outputs[0]!.type;
  const start = operator.alias?.(attrs);
  if (start !== undefined) return [inputs[0]!.data.subarray(start, start + elementCount(first.shape))];
  const [type] = node.inputs.map((input) => (input.type.dtype === "f16" ? "f32" : input.type.dtype));
  const known = suites.filter((candidate) => candidate.operator === operator);
  const suite = known.find((candidate) => firstType(candidate) === type) ?? known[0];
  if (!suite) throw new Error(`node ${node.name}: ${operator.name} has no cases`);
  const own = inputs.length - (epilogue.bias ? 1 : 0) - (epilogue.residual ? 1 : 0);
  const results = suite.reference(inputs.slice(0, own), attrs);
  return node.outputs.map((output, i) => {
    const result = results[i]!;
    return stored(output, (i === 0 ? applyEpilogue(result, first.shape, epilogue, inputs.slice(own)) : result).data);
  });
}

/** As a value's type holds it; f32 is left as it is. */
function stored({ type: { dtype } }: Value, data: Float64Array): Float64Array {
  if (dtype !== "f16") return data;
  return Float64Array.from(toF32(fromF32(Float32Array.from(data, saturateF16), "f16"), "f16"));
}
