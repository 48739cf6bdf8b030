// Samples of PyTorch's operators as graphs of ours, run many at once and compared.
import { UsageError } from "../../src/errors.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../src/graph/ir/builder.ts";
import type { Value } from "../../src/graph/ir/graph.ts";
import { compile } from "../../src/graph/run/compile.ts";
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

/** Why a sample that is in scope has no gradient to compare, or undefined. Throws as {@link refusalOf}. */
export function gradientRefusalOf(file: SampleFile, sample: Sample): string | undefined {
  try {
    const builder = new GraphBuilder();
    addGradient(builder, file, sample, addSample(builder, file, sample));
    return undefined;
  } catch (error) {
    if (error instanceof OutOfScope) return error.message;
    throw new Error(`gradient of ${describe(sample)}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Runs samples in one graph, with the gradients of those that `withGradient` holds; where that fails, each in its own. */
export async function runSamples(
  gpu: Gpu,
  file: SampleFile,
  samples: readonly Sample[],
  withGradient: ReadonlySet<Sample>,
): Promise<Fault[]> {
  try {
    return await runTogether(gpu, file, samples, withGradient);
  } catch (error) {
    if (samples.length === 1) return [{ sample: samples[0]!, message: `${describe(samples[0]!)}: ${error}` }];
    const faults: Fault[] = [];
    for (const sample of samples) faults.push(...(await runSamples(gpu, file, [sample], withGradient)));
    return faults;
  }
}

async function runTogether(
  gpu: Gpu,
  file: SampleFile,
  samples: readonly Sample[],
  withGradient: ReadonlySet<Sample>,
): Promise<Fault[]> {
  const builder = new GraphBuilder();
  for (const sample of samples) {
    const built = addSample(builder, file, sample);
    sample.outputs.forEach((name, i) => {
      builder.output(name, built.values[i]!);
    });
    if (!withGradient.has(sample)) continue;
    addGradient(builder, file, sample, built).forEach((value, i) => {
      builder.output(sample.gradient!.results[i]!, value);
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
      if (message !== undefined) return [{ sample, message }];
      const wrong = withGradient.has(sample) ? gradientFaultOf(file, sample, results) : undefined;
      return wrong === undefined ? [] : [{ sample, message: wrong }];
    });
  } finally {
    await compiled.dispose();
  }
}

interface BuiltSample {
  readonly call: Call;
  readonly values: readonly Value[];
}

function addSample(builder: GraphBuilder, file: SampleFile, sample: Sample): BuiltSample {
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
  return { call, values };
}

/** The vector-Jacobian products of a sample, in the order of `wanted`. Throws OutOfScope. */
function addGradient(
  builder: GraphBuilder,
  file: SampleFile,
  { gradient, noGradient }: Sample,
  { call, values }: BuiltSample,
): readonly Value[] {
  if (!gradient) throw new OutOfScope(noGradient ?? "no reason given");
  if (call.gradientRefusal !== undefined) throw new OutOfScope(call.gradientRefusal);
  const wanted = gradient.wanted.map((name) => call.valueOf(name));
  if (!wanted.every((value) => value !== undefined))
    throw new OutOfScope("of an argument that is no value of the graph");
  const seeds = gradient.of.flatMap((name, i) => {
    if (name === null) return [];
    return [{ value: values[i]!, gradient: builder.input(name, file.tensors.get(name)!.shape) }];
  });
  try {
    return builder.gradients(seeds, wanted);
  } catch (error) {
    const missing = error instanceof UsageError && /: (\w+) has no gradient$/.exec(error.message);
    if (missing) throw new OutOfScope(`no gradient rule: ${missing[1]}`);
    throw error;
  }
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
    const message = differenceOf(`output ${i}`, file, results, {
      name,
      magnitude: sample.magnitudes?.[i],
      kind: sample.compare,
    });
    if (message !== undefined) return `${describe(sample)}: ${message}`;
  }
  return undefined;
}

/** Sums over what was repeated are rounded, even where the output is exact. */
function gradientFaultOf(file: SampleFile, sample: Sample, results: Readonly<Record<string, Tensor>>) {
  const { results: names, wanted, magnitudes } = sample.gradient!;
  const kind = sample.compare === "function" ? "function" : "sum";
  for (const [i, name] of names.entries()) {
    const message = differenceOf(`gradient of ${wanted[i]}`, file, results, { name, magnitude: magnitudes[i], kind });
    if (message !== undefined) return `${describe(sample)}: ${message}`;
  }
  return undefined;
}

interface Expected {
  readonly name: string;
  readonly magnitude: string | undefined;
  readonly kind: Sample["compare"];
}

function differenceOf(
  what: string,
  file: SampleFile,
  results: Readonly<Record<string, Tensor>>,
  { name, magnitude: sizes, kind }: Expected,
): string | undefined {
  const [got, want] = [results[name]!, file.tensors.get(name)!];
  const data = Float64Array.from(want.data);
  const stored = sizes === undefined ? undefined : file.tensors.get(sizes);
  const magnitude = Float64Array.from(stored?.data ?? new Float64Array(data.length), finiteOrZero);
  const rounding = data.map((y, i) => {
    return relativeLimit * Math.max(finiteOrZero(Math.abs(y)), magnitude[i]!) + absoluteLimit;
  });
  const expected =
    kind === "exact" || want.dtype !== "f32"
      ? ({ data, magnitude, exact: true } as const)
      : kind === "sum"
        ? { data, magnitude }
        : { data, magnitude: new Float64Array(data.length), rounding };
  try {
    compare(what, want, got.data, expected);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `op(args)` as PyTorch is called. */
function describe({ op, args, kwargs, attributes }: Sample): string {
  return `${op}(${[...args, kwargs, ...(attributes ? [attributes] : [])].map((value) => JSON.stringify(value)).join(", ")})`;
}
