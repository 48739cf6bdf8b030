// Runs one call by a decomposition: its parts are compiled as any graph, so fusion and planning take part.
import type { Gpu } from "../../src/gpu/gpu.ts";
import { createNode, type Value } from "../../src/graph/ir/graph.ts";
import { compileWithChoice } from "../../src/graph/run/compiler.ts";
import type { Call, Operator } from "../../src/ops/operator.ts";
import type { TensorData } from "../../src/tensor.ts";

/** Every input is given at run time, weights too. The result of the call's only output. */
export async function runDecomposition<A extends object>(
  gpu: Gpu,
  name: string,
  { operator, call, inputs }: { operator: Operator<A>; call: Call<A>; inputs: readonly TensorData[] },
): Promise<TensorData> {
  const values = call.inputs.map(
    ({ shape, dtype }, i): Value => ({ name: `input${i}`, kind: "input", type: { shape, dtype } }),
  );
  const node = createNode(operator, values, call.attrs, { name: "result", epilogue: call.epilogue });
  const graph = { inputs: values, parameters: [], nodes: [node], outputs: new Map([["result", node.outputs[0]!]]) };
  const compiled = await compileWithChoice(gpu, graph, {
    parameter: () => Promise.reject(new Error("the graph has no parameters")),
    choice: (part) => (part.name === "result" && part.operator === operator ? name : undefined),
  });
  try {
    const given = Object.fromEntries(
      values.map((value, i) => [value.name, { shape: value.type.shape, data: inputs[i]! }]),
    );
    return (await compiled.run(given)).result!.data;
  } finally {
    await compiled.dispose();
  }
}
