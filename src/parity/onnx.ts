// An ONNX model here and in another engine: every value of the file that the imported graph still has.
import { FormatError } from "../errors.ts";
import { importOnnx, withOutputs } from "../formats/onnx/index.ts";
import { type Origin, readOrigin } from "../formats/source/source.ts";
import type { Value } from "../graph/ir/graph.ts";
import { elementCount, type Tensor } from "../tensor.ts";
import type { Comparison, ComparisonOptions } from "./comparison.ts";
import type { ReferenceEngine, ReferenceTensor } from "./reference.ts";

/** Imports the model and runs it in `engine`, with every value that is compared as one more output. */
export async function compareOnnx(
  origin: Origin,
  engine: ReferenceEngine,
  { inputs: given, ...options }: ComparisonOptions,
): Promise<Comparison> {
  const model = await importOnnx(origin, options);
  try {
    const { name, graph, weights } = model;
    const layers = model.layers.flatMap(({ name, operator, output, value }) =>
      value ? [{ name, operator, key: output, value }] : [],
    );
    const inputs = given ?? Object.fromEntries(graph.inputs.map((input, i) => [input.name, randomInput(input, i)]));
    const keys = layers.map(({ key }) => key).filter((key) => !graph.outputs.has(key));
    const bytes = withOutputs(await readOrigin(origin), keys);
    const computed = await engine.run({ name, bytes, origin }, { ...inputs, ...options.values });
    const get = async (key: string): Promise<ReferenceTensor> => {
      if (Object.hasOwn(computed, key)) return computed[key]!;
      throw new FormatError(`${name}: ${engine.name} gave no ${JSON.stringify(key)}`);
    };
    return {
      name,
      graph,
      weights,
      inputs,
      reference: { name: engine.name, layer: get, output: get },
      layers,
      skipped: model.layers.length - layers.length,
      isHalf: model.layers.some(({ type }) => type === "f16"),
      isExact: false,
      classes: undefined,
      close: model.close,
    };
  } catch (error) {
    await model.close();
    throw error;
  }
}

/** Multiples of 1/1024 in [-1, 1), which f16 holds exactly; of integers all are zero. */
function randomInput({ type: { shape, dtype } }: Value, seed: number): Tensor {
  const count = elementCount(shape);
  if (dtype !== "f32") return { shape, data: new Int32Array(count) };
  let state = seed + 1;
  const data = Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 21) / 1024 - 1;
  });
  return { shape, data };
}
