// Samples of PyTorch's operators as graphs of ours, run many at once and compared.
import type { Gpu } from "../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { compile } from "../../src/graph/compile.ts";
import type { Value } from "../../src/graph/graph.ts";
import { formatShape, type Tensor, type TensorType } from "../../src/tensor.ts";
import { compare } from "../support/check-operator.ts";
import { Call, OutOfScope, type Translation } from "./opinfo-call.ts";
import { elementwise } from "./opinfo-elementwise.ts";
import { type ModuleTranslation, moduleCall } from "./opinfo-modules.ts";
import { normalizations, products, reductions } from "./opinfo-reductions.ts";
import type { Argument, Sample, SampleFile, StoredTensor } from "./opinfo-samples.ts";
import { shapes } from "./opinfo-shapes.ts";
import { interpolations, windows } from "./opinfo-windows.ts";

const translations: Readonly<Record<string, Translation>> = {
  ...windows,
  ...interpolations,
  ...elementwise,
  ...reductions,
  ...normalizations,
  ...products,
  ...shapes,
};

/** "function" in `opinfo.py`. */
const relativeLimit = 1e-5;
const absoluteLimit = 1e-6;

export interface Fault {
  readonly sample: Sample;
  readonly message: string;
}

/**
 * Why a sample is out of scope, or undefined. Throws where an operator refuses what the translation gives it, or the outputs
 * have other shapes or types than PyTorch's.
 */
export function refusalOf(file: SampleFile, sample: Sample): string | undefined {
  try {
    addSample(new GraphBuilder(), file, sample);
    return undefined;
  } catch (error) {
    if (error instanceof OutOfScope) return error.message;
    throw new Error(`${describe(sample)}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Runs samples in one graph; where that fails, each in its own. */
export async function runSamples(gpu: Gpu, file: SampleFile, samples: readonly Sample[]): Promise<Fault[]> {
  try {
    return await runTogether(gpu, file, samples);
  } catch (error) {
    if (samples.length === 1) return [{ sample: samples[0]!, message: `${describe(samples[0]!)}: ${error}` }];
    const faults: Fault[] = [];
    for (const sample of samples) faults.push(...(await runSamples(gpu, file, [sample])));
    return faults;
  }
}

async function runTogether(gpu: Gpu, file: SampleFile, samples: readonly Sample[]): Promise<Fault[]> {
  const builder = new GraphBuilder();
  for (const sample of samples) {
    const values = addSample(builder, file, sample);
    sample.outputs.forEach((name, i) => {
      builder.output(name, values[i]!);
    });
  }
  const graph = builder.build();
  const stored = (name: string): StoredTensor => file.tensors.get(name)!;
  const compiled = await compile(gpu, graph, { parameter: async (name) => stored(name).data });
  try {
    const inputs = graph.inputs.map(({ name }): [string, Tensor] => [name, stored(name)]);
    const results = await compiled.run(Object.fromEntries(inputs));
    return samples.flatMap((sample) => {
      const message = faultOf(file, sample, results);
      return message === undefined ? [] : [{ sample, message }];
    });
  } finally {
    await compiled.dispose();
  }
}

function addSample(builder: GraphBuilder, file: SampleFile, sample: Sample): readonly Value[] {
  const { translation, given, prepare } = resolve(sample);
  const parameters = new Set(Object.values(sample.state ?? {}).map(({ tensor }) => tensor));
  const call = new Call({ builder, tensors: file.tensors, given, parameters });
  const finish = prepare?.(call);
  const built = translation.build(call);
  if (call.unread.length > 0) throw new Error(`the translation does not read ${call.unread.join(", ")}`);
  const results = Array.isArray(built) ? built : [built];
  const values = finish ? results.map(finish) : results;
  const got = values.map(({ type }) => formatType(type));
  const want = sample.outputs.map((name) => formatType(file.tensors.get(name)!));
  if (got.join() !== want.join()) throw new Error(`the outputs are ${got.join()}, expected ${want.join()}`);
  return values;
}

/** An infinite tolerance would let everything pass. */
function finiteOrZero(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

function formatType({ dtype, shape }: TensorType): string {
  return `${dtype} ${formatShape(shape)}`;
}

function resolve(sample: Sample): {
  translation: Translation;
  given: Readonly<Record<string, Argument>>;
  prepare?: ModuleTranslation["prepare"];
} {
  if (sample.op.startsWith("module.")) {
    const { function: name, given, prepare } = moduleCall(sample);
    return { translation: translationOf(name), given, prepare };
  }
  const translation = translationOf(sample.op);
  const names = translation.signature.split(" ");
  const positional = sample.args.map((argument, i): [string, Argument] => {
    const name = names[i];
    if (name === undefined) throw new Error(`${sample.args.length} arguments, expected ${translation.signature}`);
    return [name, argument];
  });
  const unknown = Object.keys(sample.kwargs).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`argument ${unknown}, expected ${translation.signature}`);
  return { translation, given: { ...Object.fromEntries(positional), ...sample.kwargs } };
}

function translationOf(op: string): Translation {
  const translation = translations[op];
  if (translation) return translation;
  throw new Error(`${op} has no translation`);
}

function faultOf(file: SampleFile, sample: Sample, results: Readonly<Record<string, Tensor>>): string | undefined {
  for (const [i, name] of sample.outputs.entries()) {
    const [got, want] = [results[name]!, file.tensors.get(name)!];
    const data = Float64Array.from(want.data);
    const stored = sample.magnitudes && file.tensors.get(sample.magnitudes[i]!);
    const magnitude = Float64Array.from(stored?.data ?? new Float64Array(data.length), finiteOrZero);
    const expected =
      sample.compare === "exact" || want.dtype !== "f32"
        ? ({ data, magnitude, exact: true } as const)
        : sample.compare === "sum"
          ? { data, magnitude }
          : { data, magnitude, rounding: data.map((y) => relativeLimit * finiteOrZero(Math.abs(y)) + absoluteLimit) };
    try {
      compare(`output ${i}`, want, got.data, expected);
    } catch (error) {
      return `${describe(sample)}: ${error instanceof Error ? error.message : error}`;
    }
  }
  return undefined;
}

/** `op(args)` as PyTorch is called. */
function describe({ op, args, kwargs, attributes }: Sample): string {
  return `${op}(${[...args, kwargs, ...(attributes ? [attributes] : [])].map((value) => JSON.stringify(value)).join(", ")})`;
}
