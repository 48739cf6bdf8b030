// From a graph and a choice of kernels to something that runs: passes, memory, pipelines, weights.
import { BufferUsage, type Gpu } from "../gpu/gpu.ts";
import { deviceTraits } from "../ops/operator.ts";
import { byteLength, elementCount } from "../tensor.ts";
import type { Choice } from "./choose.ts";
import { CompiledGraph, type StartupReport } from "./compiled-graph.ts";
import type { Graph, Value } from "./graph.ts";
import { type LoweredGraph, lower, type Step } from "./lower.ts";
import { decompose } from "./passes/decompose.ts";
import { foldBatchNorm } from "./passes/fold-batch-norm.ts";
import { fuseEpilogues } from "./passes/fuse-epilogues.ts";
import { planSection, Section, sectionSources } from "./section.ts";

export interface AssembleOptions {
  /** Gives the values of a parameter, in f32. Called once for each that the graph uses. */
  readonly parameter: (name: string) => Promise<Float32Array>;
  /** Called as pipelines become ready. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Names kernels and decompositions; default: what each operator prefers on this kind of device. */
  readonly choice?: Choice;
}

/** The passes that every compiled graph goes through, whatever the device. */
export function optimize(graph: Graph): Graph {
  return fuseEpilogues(foldBatchNorm(graph));
}

/** What `compile` does once it is known how kernels are chosen. Rejects with DeviceError, or with what `parameter` throws. */
export async function assemble(gpu: Gpu, graph: Graph, options: AssembleOptions): Promise<CompiledGraph> {
  gpu.check();
  const startup = { planMs: 0, compileMs: 0, prepareMs: 0, bindMs: 0 };
  let before = performance.now();
  const lap = (phase: keyof StartupReport) => {
    const now = performance.now();
    startup[phase] = now - before;
    before = now;
  };
  const traits = deviceTraits(gpu);
  const optimized = decompose(optimize(graph), traits, options.choice);
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
  const isFixed = (value: Value) => value.kind === "parameter" || value.kind === "constant";
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
    if (data.length !== count) {
      throw new TypeError(`parameter ${value.name}: got ${data.length} values, expected ${count}`);
    }
    const buffer = gpu.createBuffer(byteLength(value.type), usage, value.name);
    fixed.set(value, buffer);
    gpu.device.queue.writeBuffer(buffer, 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
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
