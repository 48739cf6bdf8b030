// From a graph and a choice of kernels to something that runs: passes, memory, pipelines, weights.
import { DeviceError, UsageError } from "../../errors.ts";
import { BufferUsage, type Gpu } from "../../gpu/gpu.ts";
import { upload } from "../../gpu/upload.ts";
import { deviceTraits } from "../../ops/device-traits.ts";
import { byteLength, dataTypes, elementCount, type TensorData } from "../../tensor.ts";
import { checkStates, type Graph, type Node, type Value } from "../ir/graph.ts";
import { decompose } from "../passes/decompose.ts";
import { foldBatchNorm } from "../passes/fold-batch-norm.ts";
import { foldScalars } from "../passes/fold-scalars.ts";
import { fuseEpilogues } from "../passes/fuse-epilogues.ts";
import { storeHalf, takeHalf } from "../passes/half.ts";
import { mergeCovered } from "../passes/merge-covered.ts";
import type { Choice } from "../plan/choose.ts";
import { type LoweredGraph, lower, type Step } from "../plan/lower.ts";
import { CompiledGraph, type StartupReport } from "./compiled-graph.ts";
import { planSection, Section, sectionSources } from "./program.ts";

export interface AssembleOptions extends Precision {
  /** Gives the values of a parameter in its type, f16 as bits, and the first ones of a state. Called once for each that the graph uses. */
  readonly parameter: (name: string) => Promise<TensorData>;
  /** Called as pipelines become ready. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Names kernels and decompositions; default: what each operator prefers on this kind of device. */
  readonly choice?: Choice;
}

/** How tensors between inputs and outputs are stored. */
export interface Precision {
  /** Default `f32`. `f16` halves the memory and its traffic; kernels add up in f32. Needs a device with `shader-f16`. */
  readonly precision?: "f32" | "f16";
  /** Names of nodes that stay in f32 under `f16`, with what joins them in one kernel. */
  readonly keepFull?: readonly string[];
  /** Parameters that `parameter` gives as f16, by their bits; needs `shader-f16`. Where tensors are stored in f16 they stay so. */
  readonly halfParameters?: ReadonlySet<string>;
}

/**
 * The passes that every compiled graph goes through, whatever the device.
 * Throws UsageError if `keepFull` names no node.
 */
export function optimize(
  graph: Graph,
  { precision = "f32", keepFull = [], halfParameters = new Set() }: Precision = {},
): Graph {
  const kept = keepFull.map((name) => {
    const node = graph.nodes.find((candidate) => candidate.name === name);
    if (!node) throw new UsageError(`keepFull: the graph has no node "${name}"`);
    return node;
  });
  const optimized = takeHalf(fuseEpilogues(foldScalars(foldBatchNorm(mergeCovered(graph)))), halfParameters);
  if (precision === "f32") return optimized;
  const names = new Set(optimized.nodes.map(({ name }) => name));
  return storeHalf(optimized, new Set(kept.map((node) => nameAfterFusion(graph, node, names))));
}

/** A node that joined its only reader goes by the reader's name. */
function nameAfterFusion(graph: Graph, node: Node, names: ReadonlySet<string>): string {
  if (names.has(node.name)) return node.name;
  const reader = graph.nodes.find(({ inputs }) => inputs.some((input) => node.outputs.includes(input)));
  return reader ? nameAfterFusion(graph, reader, names) : node.name;
}

/** What `compile` does once it is known how kernels are chosen. Rejects with DeviceError, or with what `parameter` throws. */
export async function assemble(gpu: Gpu, graph: Graph, options: AssembleOptions): Promise<CompiledGraph> {
  gpu.check();
  checkStates(graph);
  const usesHalf = options.precision === "f16" || (options.halfParameters?.size ?? 0) > 0;
  if (usesHalf && !gpu.features.has("shader-f16"))
    throw new DeviceError("unsupported", `f16: ${gpu.adapter.driver} has no shader-f16`);
  const startup = { planMs: 0, compileMs: 0, prepareMs: 0, bindMs: 0 };
  let before = performance.now();
  const lap = (phase: keyof StartupReport) => {
    const now = performance.now();
    startup[phase] = now - before;
    before = now;
  };
  const traits = deviceTraits(gpu);
  const optimized = decompose(optimize(graph, options), traits, options.choice);
  const lowered = lower(optimized, traits, options.choice);
  const kept = valuesKept(lowered, optimized);
  const prepare = planSection(gpu, { steps: lowered.prepare, inputs: [], outputs: [...kept] });
  const run = planSection(gpu, { steps: lowered.run, inputs: graph.inputs, outputs: [...optimized.outputs.values()] });

  lap("planMs");

  const fixed = new Map<Value, GPUBuffer>();
  try {
    await gpu.guard("compile", async () => {
      const sources = [...sectionSources(prepare), ...sectionSources(run)];
      const pipelines = gpu.pipelines(sources, options.onProgress);
      await Promise.all([pipelines, uploadFixed(gpu, fixedOperands(lowered, optimized), options, fixed)]);
    });
    lap("compileMs");
    await gpu.guard("prepare parameters", async () => {
      const section = await Section.create(gpu, prepare, fixed);
      try {
        runOnce(gpu, section);
        for (const [value, buffer] of copyOut(gpu, section, kept)) fixed.set(value, buffer);
        await gpu.device.queue.onSubmittedWorkDone();
      } finally {
        section.dispose();
      }
    });
    lap("prepareMs");
    const stillRead = new Set([...lowered.run.flatMap((step) => step.operands), ...optimized.outputs.values()]);
    for (const [value, buffer] of fixed) {
      if (stillRead.has(value)) continue;
      gpu.destroyBuffer(buffer);
      fixed.delete(value);
    }
    const section = await gpu.guard("bind", () => Section.create(gpu, run, fixed));
    lap("bindMs");
    return new CompiledGraph(gpu, { graph: optimized, section, fixed, startup });
  } catch (error) {
    for (const buffer of fixed.values()) gpu.destroyBuffer(buffer);
    throw error;
  }
}

/** Results of the prepare steps that every run reads. */
function valuesKept({ prepare, run }: LoweredGraph, graph: Graph): ReadonlySet<Value> {
  const read = new Set([...run.flatMap((step) => step.operands), ...graph.outputs.values()]);
  return new Set(prepare.flatMap((step) => step.node.outputs).filter((value) => read.has(value)));
}

function fixedOperands({ prepare, run }: LoweredGraph, graph: Graph): ReadonlySet<Value> {
  const operands = [...prepare, ...run].flatMap((step: Step) => step.operands);
  const isFixed = ({ kind }: Value) => kind === "parameter" || kind === "constant" || kind === "state";
  return new Set([...operands, ...graph.outputs.values()].filter(isFixed));
}

async function uploadFixed(
  gpu: Gpu,
  values: ReadonlySet<Value>,
  options: AssembleOptions,
  fixed: Map<Value, GPUBuffer>,
): Promise<void> {
  const usage = BufferUsage.STORAGE | BufferUsage.COPY_DST | BufferUsage.COPY_SRC;
  for (const value of values) {
    const data = value.data ?? (await options.parameter(value.name));
    const count = elementCount(value.type.shape);
    const type = dataTypes[value.type.dtype];
    if (!(data instanceof type) || data.length !== count) {
      const got = `${data.constructor.name} of ${data.length}`;
      throw new TypeError(`parameter ${value.name}: got ${got}, expected ${type.name} of ${count}`);
    }
    const buffer = gpu.createBuffer(byteLength(value.type), usage, value.name);
    fixed.set(value, buffer);
    upload(gpu.device.queue, data, { buffer });
  }
}

function runOnce(gpu: Gpu, section: Section): void {
  const encoder = gpu.device.createCommandEncoder({ label: "prepare parameters" });
  const pass = encoder.beginComputePass();
  section.encode(pass);
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
}

/** Copies values out of a section that is about to be disposed of, each into a buffer of its own. */
function copyOut(gpu: Gpu, section: Section, values: ReadonlySet<Value>): ReadonlyMap<Value, GPUBuffer> {
  const encoder = gpu.device.createCommandEncoder({ label: "keep prepared parameters" });
  const usage = BufferUsage.STORAGE | BufferUsage.COPY_DST | BufferUsage.COPY_SRC;
  const copies = new Map<Value, GPUBuffer>();
  for (const value of values) {
    const buffer = gpu.createBuffer(byteLength(value.type), usage, value.name);
    const place = section.place(value);
    encoder.copyBufferToBuffer(place.buffer, place.offset, buffer, 0, byteLength(value.type));
    copies.set(value, buffer);
  }
  gpu.device.queue.submit([encoder.finish()]);
  return copies;
}
