// From a graph and a choice of kernels to something that runs: passes, memory, pipelines, weights.
import { DeviceError } from "../../errors.ts";
import { BufferUsage, type Gpu } from "../../gpu/gpu.ts";
import { upload } from "../../gpu/upload.ts";
import { deviceTraits } from "../../ops/device-traits.ts";
import { byteLength, dataTypes, elementCount, type TensorData } from "../../tensor.ts";
import { checkStates, type Graph, type Value } from "../ir/graph.ts";
import { decompose } from "../passes/decompose.ts";
import { optimize, type Precision } from "../passes/optimize.ts";
import type { Choice } from "../plan/choose.ts";
import { type LoweredGraph, lower } from "../plan/lower.ts";
import { planProgram } from "../plan/plan-program.ts";
import { CompiledGraph, type StartupReport } from "./compiled-graph.ts";
import { PreparedProgram } from "./program.ts";
import { ResidentGraph } from "./resident-graph.ts";
import { SameWeights } from "./same-weights.ts";

/** Weights that were opened again; `close` is called when they have been read. */
export interface ReloadedWeights {
  readonly parameter: (name: string) => Promise<TensorData>;
  close(): Promise<void>;
}

export interface CompilerOptions extends Precision {
  /** Gives the values of a parameter in its type, f16 as bits, and the first ones of a state. Called once for each that the graph uses. */
  readonly parameter: (name: string) => Promise<TensorData>;
  /**
   * Where parameters are read from again after the device was lost. Default: `parameter` is asked again. Other values than before
   * are a FormatError.
   */
  readonly reload?: () => Promise<ReloadedWeights>;
  /** Called as pipelines become ready. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Names kernels and decompositions; default: what each operator prefers on this kind of device. */
  readonly choice?: Choice;
}

/** What `compile` does once it is known how kernels are chosen. Rejects with DeviceError, or with what `parameter` throws. */
export async function compileWithChoice(gpu: Gpu, graph: Graph, options: CompilerOptions): Promise<CompiledGraph> {
  const same = new SameWeights();
  return CompiledGraph.create(gpu, async (again) => {
    const reloaded = again ? await options.reload?.() : undefined;
    const parameter = same.reader(reloaded?.parameter ?? options.parameter);
    return bringToDevice(gpu, graph, { ...options, parameter }).finally(() => reloaded?.close());
  });
}

/** Opens a device that was lost first. One that is lost meanwhile is an error, `lost`, whatever it led to. */
async function bringToDevice(gpu: Gpu, graph: Graph, options: CompilerOptions): Promise<ResidentGraph> {
  await gpu.reopen();
  const { device } = gpu;
  try {
    const resident = await build(gpu, graph, options);
    if (gpu.device === device) return resident;
    await resident.dispose();
  } catch (error) {
    if (gpu.device === device) throw error;
  }
  throw new DeviceError("lost", "compile: GPU device lost meanwhile");
}

async function build(gpu: Gpu, graph: Graph, options: CompilerOptions): Promise<ResidentGraph> {
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
  const device = deviceTraits(gpu);
  const optimized = decompose(optimize(graph, options), device, options.choice);
  const lowered = lower(optimized, device, options.choice);
  const [once, run] = [planProgram(lowered.once, device), planProgram(lowered.run, device)];
  lap("planMs");

  const lasting = new Map<Value, GPUBuffer>();
  try {
    await gpu.guard("compile", async () => {
      const sources = [...once.steps, ...run.steps].flatMap(({ label, dispatches }) =>
        dispatches.map(({ code }) => ({ label, code })),
      );
      const pipelines = gpu.pipelines(sources, options.onProgress);
      await Promise.all([pipelines, uploadLasting(gpu, givenValues(lowered), options, lasting)]);
    });
    lap("compileMs");
    await gpu.guard("prepare parameters", async () => {
      const program = await PreparedProgram.create(gpu, once, lasting);
      try {
        runOnce(gpu, program);
        for (const [value, buffer] of copyOut(gpu, program, lowered.once.outputs)) lasting.set(value, buffer);
        await gpu.device.queue.onSubmittedWorkDone();
      } finally {
        program.dispose();
      }
    });
    lap("prepareMs");
    const stillRead = new Set([...lowered.run.steps.flatMap((step) => step.operands), ...lowered.run.outputs]);
    for (const [value, buffer] of lasting) {
      if (stillRead.has(value)) continue;
      gpu.destroyBuffer(buffer);
      lasting.delete(value);
    }
    const program = await gpu.guard("bind", () => PreparedProgram.create(gpu, run, lasting));
    lap("bindMs");
    return new ResidentGraph(gpu, { graph: optimized, program, lasting, startup });
  } catch (error) {
    for (const buffer of lasting.values()) gpu.destroyBuffer(buffer);
    throw error;
  }
}

/** Lasting values that no step computes. */
function givenValues({ once, run }: LoweredGraph): ReadonlySet<Value> {
  const read = [...once.steps, ...run.steps].flatMap((step) => step.operands);
  const isGiven = ({ kind }: Value) => kind === "parameter" || kind === "constant" || kind === "state";
  return new Set([...read, ...run.outputs].filter(isGiven));
}

async function uploadLasting(
  gpu: Gpu,
  values: ReadonlySet<Value>,
  options: CompilerOptions,
  lasting: Map<Value, GPUBuffer>,
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
    lasting.set(value, buffer);
    upload(gpu.device.queue, data, { buffer });
  }
}

function runOnce(gpu: Gpu, program: PreparedProgram): void {
  const encoder = gpu.device.createCommandEncoder({ label: "prepare parameters" });
  const pass = encoder.beginComputePass();
  program.encode(pass);
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
}

/** Copies values out of a program that is about to be disposed of, each into a buffer of its own. */
function copyOut(gpu: Gpu, program: PreparedProgram, values: readonly Value[]): ReadonlyMap<Value, GPUBuffer> {
  const encoder = gpu.device.createCommandEncoder({ label: "keep prepared parameters" });
  const usage = BufferUsage.STORAGE | BufferUsage.COPY_DST | BufferUsage.COPY_SRC;
  const copies = new Map<Value, GPUBuffer>();
  for (const value of values) {
    const buffer = gpu.createBuffer(byteLength(value.type), usage, value.name);
    const { buffer: slot, offset } = program.rangeOf(value);
    encoder.copyBufferToBuffer(slot, offset, buffer, 0, byteLength(value.type));
    copies.set(value, buffer);
  }
  gpu.device.queue.submit([encoder.finish()]);
  return copies;
}
