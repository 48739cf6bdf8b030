// Batches that are too large for a device, run in parts: a network of this package computes each image alone.
import { UsageError } from "../errors.ts";
import type { Graph, Value } from "../graph/ir/graph.ts";
import { decompose } from "../graph/passes/decompose.ts";
import { optimize, type Precision } from "../graph/passes/optimize.ts";
import { lower } from "../graph/plan/lower.ts";
import { checkInputs, checkTargets, type RunInputs, type RunTargets } from "../graph/run/check-tensors.ts";
import type { CompiledGraph, RunOptions } from "../graph/run/compiled-graph.ts";
import type { DeviceTraits } from "../ops/device-traits.ts";
import { checkOptions, record } from "../options.ts";
import { byteLength, dataTypes, elementCount, type Tensor, type TensorData } from "../tensor.ts";

/**
 * How many parts a batch of `items` images is run in: the fewest equal ones whose tensors fit in bindings of the device. As many as
 * images where none fit; what compiles them then says what does not fit. 1 for what is no number of images.
 */
export function partsOf(
  items: number,
  graphOf: (items: number) => Graph,
  device: DeviceTraits,
  precision: Precision,
): number {
  if (!Number.isSafeInteger(items) || items < 1) return 1;
  for (let parts = 1; parts < items; parts++) {
    if (items % parts === 0 && fits(graphOf(items / parts), device, precision)) return parts;
  }
  return items;
}

/** Values that share a buffer are kept within its limit by the memory plan: only a single one can be too large. */
function fits(graph: Graph, device: DeviceTraits, precision: Precision): boolean {
  const { run } = lower(decompose(optimize(graph, precision), device), device);
  const values = [...run.inputs, ...run.steps.flatMap(({ node }) => node.outputs)];
  return values.every(({ type }) => byteLength(type) <= device.maxBufferBytes);
}

/** As `CompiledGraph.run`, of `parts` times as many images. Throws UsageError for buffers, which have no parts. */
export async function runInParts(
  compiled: CompiledGraph,
  parts: number,
  inputs: RunInputs,
  options: RunOptions = {},
): Promise<Record<string, Tensor>> {
  const { into = {} } = checkOptions("run", options, { into: record });
  const whole = (value: Value): Value => {
    const [items = 1, ...rest] = value.type.shape;
    return { ...value, type: { ...value.type, shape: [parts * items, ...rest] } };
  };
  const outputs = new Map([...compiled.graph.outputs].map(([name, value]) => [name, whole(value)]));
  checkInputs("run", compiled.graph.inputs.map(whole), inputs);
  checkTargets("run", outputs, into);
  const results = new Map([...outputs].map(([name, { type }]) => [name, target(name, type, into)]));
  const runs = Array.from({ length: parts }, (_, part) => {
    const given = compiled.graph.inputs.map(({ name, type: { shape } }) => {
      const { data } = tensorOf(name, inputs);
      return [name, { shape, data: partOf(data, part, parts) }] as const;
    });
    const targets = [...results].map(([name, data]) => [name, partOf(data, part, parts)] as const);
    return compiled.run(Object.fromEntries(given), { into: Object.fromEntries(targets) });
  });
  await Promise.allSettled(runs);
  await Promise.all(runs);
  return Object.fromEntries([...results].map(([name, data]) => [name, { shape: outputs.get(name)!.type.shape, data }]));
}

function target(name: string, { shape, dtype }: Value["type"], into: RunTargets): TensorData {
  const given = into[name];
  if (given === undefined) return new dataTypes[dtype](elementCount(shape));
  if (ArrayBuffer.isView(given)) return given;
  throw noBuffer(`output "${name}"`);
}

function tensorOf(name: string, inputs: RunInputs): Tensor {
  const input = inputs[name]!;
  if ("data" in input) return input;
  throw noBuffer(`input "${name}"`);
}

function noBuffer(what: string): UsageError {
  return new UsageError(
    `run: ${what} is a GPUBuffer, expected an array: the batch is too large for this device and runs in parts`,
  );
}

function partOf(data: TensorData, part: number, parts: number): TensorData {
  const length = data.length / parts;
  return data.subarray(part * length, (part + 1) * length);
}
