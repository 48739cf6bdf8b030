// `--grad-output`: gradients of a model's outputs from a file, and the model that takes them.
import { FormatError, formatShape, type Graph, gradientGraph, openSafetensors, type Tensor } from "../index.ts";
import { fileSource } from "../node.ts";

interface Differentiable {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, Tensor>>;
}

/** The model with the gradients of a safetensors file: a tensor for each output that counts, by its name. */
export async function withOutputGradients<M extends Differentiable>(model: M, path: string): Promise<M> {
  const gradients = await readOutputGradients(model.graph, path);
  const named = Object.entries(gradients).map(([name, tensor]) => [`grad:${name}`, tensor] as const);
  const graph = gradientGraph(model.graph, Object.keys(gradients));
  return { ...model, graph, inputs: { ...model.inputs, ...Object.fromEntries(named) } };
}

async function readOutputGradients({ outputs }: Graph, path: string): Promise<Record<string, Tensor>> {
  const known = [...outputs.keys()].join(", ");
  const file = await openSafetensors(await fileSource(path));
  try {
    if (file.entries.size === 0) throw new FormatError(`${path}: no tensors, expected one for an output: ${known}`);
    const gradients: Record<string, Tensor> = {};
    for (const { name, shape, dtype } of file.entries.values()) {
      const output = outputs.get(name);
      if (!output) throw new FormatError(`${path}: "${name}" is no output of the model, expected ${known}`);
      if (dtype === "I64" || dtype === "U8") throw new FormatError(`${path}: "${name}" is ${dtype}, expected floats`);
      const expected = formatShape(output.type.shape);
      if (formatShape(shape) !== expected)
        throw new FormatError(`${path}: "${name}" is ${formatShape(shape)}, expected ${expected} as the output`);
      gradients[name] = { shape, data: await file.readF32(name) };
    }
    return gradients;
  } finally {
    await file.close();
  }
}
