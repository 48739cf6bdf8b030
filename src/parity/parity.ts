// Compares a network, layer by layer, with what another engine computed for the same weights and input.

import { type ClassDifference, classDifference, type Difference, difference } from "../difference.ts";
import { FormatError } from "../errors.ts";
import { importRules } from "../formats/onnx/rules.ts";
import type { Origin } from "../formats/source/source.ts";
import { type Gpu, requireGpu } from "../gpu/gpu.ts";
import { gradientGraph } from "../graph/ir/gradient-graph.ts";
import { type Precision, precisionRules } from "../graph/passes/optimize.ts";
import { checkOptions, type Rules, record } from "../options.ts";
import { formatShape, type Shape, shapesEqual, type Tensor } from "../tensor.ts";
import { type Comparison, type ComparisonOptions, openComparison } from "./comparison.ts";
import { Judge, runGraph } from "./judge.ts";
import type { ReferenceEngine, ReferenceTensor } from "./reference.ts";

/** One layer, output or gradient beside its reference. */
export interface ParityRow extends Difference {
  /**
   * PyTorch's module name, or the name of the ONNX node. Behind them are the outputs, by their names, of the network as users
   * run it, with nothing kept between; last come gradients, as `grad:layer1.0.bn1.weight`.
   */
  readonly layer: string;
  /** Of an ONNX node; `output` for an output of the whole model. Undefined for PyTorch's modules. */
  readonly operator: string | undefined;
  readonly shape: Shape;
  /** Largest relative L2 error that passes, except where the layer's inputs explain more. */
  readonly limit: number;
  /**
   * Where the error is over the limit: the relative L2 that the layer's own condition makes of the errors of its inputs, as
   * `conditioning` measures it. Undefined where the error is within the limit, and for gradients.
   */
  readonly explained: number | undefined;
  /** The relative L2 that the layer adds by itself; defined as `explained` is. */
  readonly added: number | undefined;
  /** Elements that are NaN or infinite here and finite in the reference. */
  readonly nonFinite: number;
  readonly passed: boolean;
}

/** A comparison, layer by layer. It has passed when every row has. */
export interface ParityReport {
  readonly model: string;
  readonly reference: string;
  readonly adapter: string;
  /** How the network stored its tensors. */
  readonly precision: "f32" | "f16";
  /** Largest relative L2 error of a layer that passes; gradients have limits of their own. */
  readonly limit: number;
  /** Layers in forward order, the outputs, then gradients in the order of the backward pass. */
  readonly rows: readonly ParityRow[];
  /** How many of the rows are layers. */
  readonly layers: number;
  /** How many of the rows are gradients. */
  readonly gradients: number;
  /** Values of an ONNX model that have no counterpart here: constants, shapes, steps of what became one operator. */
  readonly skipped: number;
  /** The first layer that is off, with its operator where that is known: `/up/Conv (Conv)`; or the first gradient. */
  readonly firstDivergence: string | undefined;
  /** The first row with `nonFinite` elements. */
  readonly firstNonFinite: string | undefined;
  /** Undefined for ONNX models: which output holds classes is not known. */
  readonly classes: ClassDifference | undefined;
  readonly passed: boolean;
}

/** Largest relative L2 error of a whole network against another engine on the CPU, by how tensors are stored. */
export const parityLimits = { f32: 1e-5, f16: 5e-3 } as const;

/** The same of gradients, which are compared in f32 alone: where f16 rounds the sign of a ReLU's input, they jump. */
const gradientLimit = 1e-4;

/**
 * Errors up to here pass whatever they are relative to: other engines approximate functions within an absolute bound. ONNX
 * Runtime's sigmoid is off by up to 1.5e-7 where the exact result is next to nothing.
 */
const engineAccuracy = 2.5e-7;

/** How the compared network is computed; for an ONNX model also its inputs and their shapes. */
export interface ParityOptions extends Pick<Precision, "precision" | "keepFull">, ComparisonOptions {}

const parityRules: Rules<ParityOptions> = {
  precision: precisionRules.precision,
  keepFull: precisionRules.keepFull,
  ...importRules,
  inputs: record,
};

/**
 * Runs the network twice: once with every layer of the reference kept, so that the first divergence can be named, and
 * once as users run it, with everything fused that can be. In f16 the class map is reported, not judged: where it may
 * differ follows from how close the classes are. The reference is a file of PyTorch's numbers for a network of this package, and
 * an engine for an ONNX model, whose limit is that of f16 where the file holds f16. Gradients are compared where the file has them.
 * Throws FormatError when model and reference do not fit each other, UsageError when they are not of one kind.
 */
export async function runParity(
  gpu: Gpu,
  model: Origin,
  reference: Origin | ReferenceEngine,
  given: ParityOptions = {},
): Promise<ParityReport> {
  requireGpu("runParity", gpu);
  const { precision = "f32", keepFull, ...options } = checkOptions("runParity", given, parityRules);
  const comparison = await openComparison(model, reference, options);
  try {
    return await compareAll(gpu, comparison, { precision, ...(keepFull && { keepFull }) });
  } finally {
    await comparison.close();
  }
}

/** The layer of a row, with its operator where that is known. */
export function labelOf({ layer, operator }: ParityRow): string {
  return operator === undefined ? layer : `${layer} (${operator})`;
}

async function compareAll(
  gpu: Gpu,
  comparison: Comparison,
  stored: Precision & { readonly precision: "f32" | "f16" },
): Promise<ParityReport> {
  const { name, graph, reference, layers, skipped, isHalf, isExact } = comparison;
  const { precision } = stored;
  const limit = parityLimits[isHalf ? "f16" : precision];
  const limits = { relative: limit, absolute: isExact ? 0 : engineAccuracy };

  const judge = new Judge(gpu, comparison, stored);
  const kept = { ...graph, outputs: new Map(layers.map(({ key, value }) => [key, value])) };
  const values = layers.length > 0 ? await runGraph(gpu, kept, comparison, stored) : {};
  const rows: ParityRow[] = [];
  for (const { name: layer, operator, key, value } of layers) {
    const expected = await reference.layer(key);
    const row = { layer, operator, ...compare(`${reference.name}: layer "${layer}"`, values[key]!, expected, limits) };
    rows.push(await judge.layer(row, value, { got: values[key]!, expected }));
  }
  const outputs = await runGraph(gpu, graph, comparison, stored);
  for (const [layer, got] of Object.entries(outputs)) {
    const operator = comparison.classes === undefined ? "output" : undefined;
    const expected = await reference.output(layer);
    const row = { layer, operator, ...compare(`${reference.name}: output "${layer}"`, got, expected, limits) };
    rows.push(await judge.output(row, graph.outputs.get(layer)!, { got, expected }));
  }

  const gradients = await compareGradients(gpu, comparison, stored);
  rows.push(...gradients);

  const classes = await compareClasses(comparison, outputs);
  const off = rows.find((row) => !row.passed);
  const lost = rows.find((row) => row.nonFinite > 0);
  return {
    model: name,
    reference: reference.name,
    adapter: gpu.adapter.driver,
    precision,
    limit,
    rows,
    layers: layers.length,
    gradients: gradients.length,
    skipped,
    firstDivergence: off && labelOf(off),
    firstNonFinite: lost && labelOf(lost),
    classes,
    passed: off === undefined && (precision === "f16" || classes === undefined || classes.unexplained === 0),
  };
}

/** Every gradient that the reference has, in the order in which the backward pass gives them. */
async function compareGradients(
  gpu: Gpu,
  comparison: Comparison,
  stored: Precision & { readonly precision: "f32" | "f16" },
): Promise<ParityRow[]> {
  const { name, gradients } = comparison.reference;
  if (!gradients || stored.precision === "f16") return [];
  const graph = gradientGraph(comparison.graph, gradients.of);
  const own = new Set([...graph.outputs.keys()].filter((output) => !comparison.graph.outputs.has(output)));
  const unknown = gradients.names.find((wanted) => !own.has(`grad:${wanted}`));
  if (unknown !== undefined) throw new FormatError(`${name}: the network has no input or parameter "${unknown}"`);
  const seeds = gradients.of.map(async (output) => [`grad:${output}`, await gradients.ofOutput(output)] as const);
  const inputs = { ...comparison.inputs, ...Object.fromEntries(await Promise.all(seeds)) };
  const kept = [...graph.outputs].filter(([key]) => gradients.names.some((wanted) => key === `grad:${wanted}`));
  const values = await runGraph(gpu, { ...graph, outputs: new Map(kept) }, { ...comparison, inputs }, stored);
  const limits = { relative: gradientLimit, absolute: 0 };
  const rows = kept.map(async ([layer]) => {
    const expected = await gradients.gradient(layer.slice("grad:".length));
    return { layer, operator: undefined, ...compare(`${name}: "${layer}"`, values[layer]!, expected, limits) };
  });
  return Promise.all(rows);
}

async function compareClasses(
  { classes, reference }: Comparison,
  outputs: Readonly<Record<string, Tensor>>,
): Promise<ClassDifference | undefined> {
  const got = classes === undefined ? undefined : outputs[classes];
  if (classes === undefined || !(got?.data instanceof Float32Array)) return undefined;
  const { shape, data } = await reference.output(classes);
  return classDifference(shape, got.data, data);
}

interface Limits {
  readonly relative: number;
  readonly absolute: number;
}

function compare(
  where: string,
  got: Tensor,
  expected: ReferenceTensor,
  limits: Limits,
): Omit<ParityRow, "layer" | "operator"> {
  if (!shapesEqual(got.shape, expected.shape)) {
    const shapes = `${formatShape(expected.shape)}, the network gives ${formatShape(got.shape)}`;
    throw new FormatError(`${where} has shape ${shapes}`);
  }
  const apart = difference(got.shape, got.data, expected.data);
  const passed = apart.relativeL2 <= limits.relative || apart.maxAbs <= limits.absolute;
  const nonFinite = expected.data.reduce((sum, value, i) => sum + Number(isLost(got.data[i]!, value)), 0);
  return {
    shape: got.shape,
    ...apart,
    limit: limits.relative,
    explained: undefined,
    added: undefined,
    nonFinite,
    passed,
  };
}

function isLost(got: number, expected: number): boolean {
  return !Number.isFinite(got) && Number.isFinite(expected);
}
