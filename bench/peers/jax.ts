// jax-js on its WebGPU device: the whole network as one function under `jit`, NCHW.
import type { numpy } from "@jax-js/jax";
import type { Value } from "../../src/graph/ir/graph.ts";
import { loadPackage } from "../../src/package.ts";
import type { BenchCase } from "../cases.ts";
import type { CaseData, Contender } from "../contenders.ts";
import { provideDawn } from "./dawn.ts";
import { type Jax, jaxName as name, translateToJax } from "./jax-operators.ts";
import { prepareGraph } from "./prepared-graph.ts";
import { requireF32, requireShape } from "./unsupported.ts";

/** Rejects with Error naming the first operator that has no translation. */
export async function createJax(entry: BenchCase, data: CaseData): Promise<Contender> {
  requireF32(name, entry);
  const jax = await loadJax();
  const { image, output, nodes, fixed } = await prepareGraph(name, entry.graph, data.parameter);
  const weights: numpy.Array[] = [];
  const upload = (values: Float32Array, shape: readonly number[]) =>
    weights.push(jax.numpy.array(values, { shape: [...shape], device: "webgpu" })) - 1;
  const disposeWeights = () => {
    for (const weight of weights.splice(0)) weight.dispose();
  };

  try {
    const steps = nodes.map((node) => ({ node, compute: translateToJax(jax, node, { fixed, upload }) }));
    /** Every use of an array consumes a reference, so each value keeps one of its own until the end. */
    const forward = jax.jit((input: numpy.Array, parameters: numpy.Array[]) => {
      const values = new Map<Value, numpy.Array>([[image, input]]);
      const read = (value: Value) => values.get(value)!.ref;
      for (const { node, compute } of steps) {
        const result = compute(read, (index) => parameters[index]!.ref);
        requireShape(name, node, result.shape, node.outputs[0]!.type.shape);
        values.set(node.outputs[0]!, result);
      }
      const result = read(output);
      for (const value of [...values.values(), ...parameters]) value.dispose();
      return result;
    });
    const onGpu = () => jax.numpy.array(data.image, { shape: [...image.type.shape], device: "webgpu" });
    let resident: numpy.Array | undefined;
    return {
      name,
      async run() {
        const result = forward(
          onGpu(),
          weights.map((weight) => weight.ref),
        );
        const values = await result.data();
        if (values instanceof Float32Array) return values;
        throw new Error(`${name}: output ${output.name} is not f32`);
      },
      async compute() {
        resident ??= onGpu();
        const result = forward(
          resident.ref,
          weights.map((weight) => weight.ref),
        );
        (await result.blockUntilReady()).dispose();
      },
      result: (raw) => raw,
      async dispose() {
        resident?.dispose();
        forward.dispose();
        disposeWeights();
      },
    };
  } catch (error) {
    disposeWeights();
    throw error;
  }
}

export async function loadJax(): Promise<Jax> {
  await provideDawn();
  const jax = await loadPackage("@jax-js/jax", () => import("@jax-js/jax"));
  if (!(await jax.init("webgpu")).includes("webgpu")) throw new Error(`${name}: its WebGPU device does not start here`);
  jax.defaultDevice("webgpu");
  return jax;
}
