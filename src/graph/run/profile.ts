// Where the time of a run goes: GPU nanoseconds of every node, by timestamps around a compute pass of its own.
import { DeviceError, UsageError } from "../../errors.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { GpuTimer, type PassTime } from "../../gpu/timing.ts";
import type { Cost } from "../../ops/cost.ts";
import { byteLength, type Shape } from "../../tensor.ts";
import type { PlannedStep } from "../plan/plan-program.ts";
import { encodeStep, type PreparedProgram, type PreparedStep } from "./program.ts";

/** How often a profile measures. */
export interface ProfileOptions {
  /** Measured runs, after one that is not. Default 7. */
  readonly rounds?: number;
}

/** GPU time of one node, in nanoseconds, and what it computed. */
export interface NodeProfile {
  readonly name: string;
  readonly operator: string;
  /** `operator/kernel`. */
  readonly kernel: string;
  readonly outputShape: Shape;
  /** Of the node as it runs: fused operands are part of it, packed ones count their packed bytes. */
  readonly cost: Cost;
  /** GPU time of each round, in order; NaN where the driver wrote no sensible timestamps. */
  readonly nanoseconds: readonly number[];
  /** Of the rounds that have a time; NaN if none has. */
  readonly medianNanoseconds: number;
  /** When it began in the median round, since the beginning of that round's first node. */
  readonly startNanoseconds: number;
}

/** GPU time of a graph, node by node. Times are in nanoseconds. */
export interface GraphProfile {
  /** Nodes that ran, in order; what the memory plan elided is not among them. */
  readonly nodes: readonly NodeProfile[];
  readonly rounds: number;
  /** Index of the round with the median total (the lower one of two). */
  readonly medianRound: number;
  /** All nodes of the median round together, without the gaps between their passes. */
  readonly totalNanoseconds: number;
}

/** What a query set has room for. */
const passesPerTimer = 2048;

/**
 * Runs a program `rounds` times after a warm-up. `encodeInputs` provides the inputs and is called before every run.
 * Throws UsageError for `rounds`, DeviceError `unsupported` without `timestamp-query`.
 */
export async function profileProgram(
  gpu: Gpu,
  program: PreparedProgram,
  options: ProfileOptions & { readonly encodeInputs: (encoder: GPUCommandEncoder) => void },
): Promise<GraphProfile> {
  const { rounds = 7, encodeInputs } = options;
  if (!Number.isSafeInteger(rounds) || rounds < 1)
    throw new UsageError(`profile: rounds is ${rounds}, expected a whole number of at least 1`);
  const steps = program.steps.filter(({ prepared }) => prepared.length > 0);
  const timers = createTimers(gpu, steps.length);
  try {
    // The warm-up: drivers compile and upload what they left for later.
    await runTimed(gpu, steps, timers, encodeInputs);
    const times: PassTime[][] = [];
    for (let round = 0; round < rounds; round++) times.push(await runTimed(gpu, steps, timers, encodeInputs));
    return summarize(steps, times);
  } finally {
    for (const timer of timers) timer.dispose();
  }
}

function createTimers(gpu: Gpu, passes: number): GpuTimer[] {
  if (!GpuTimer.isAvailable(gpu)) {
    const found = `this device has no timestamp-query (${gpu.adapter.driver})`;
    throw new DeviceError("unsupported", `profile: ${found}, so GPU time cannot be measured`);
  }
  const timers: GpuTimer[] = [];
  for (let rest = passes; rest > 0; rest -= passesPerTimer) {
    const timer = GpuTimer.create(gpu, Math.min(rest, passesPerTimer));
    if (timer) timers.push(timer);
  }
  return timers;
}

/** One run, submitted at once; times of the steps, in order. */
async function runTimed(
  gpu: Gpu,
  steps: readonly PreparedStep[],
  timers: readonly GpuTimer[],
  encodeInputs: (encoder: GPUCommandEncoder) => void,
): Promise<PassTime[]> {
  const encoder = gpu.device.createCommandEncoder({ label: "profile" });
  encodeInputs(encoder);
  steps.forEach((step, i) => {
    const label = step.node.name;
    const timestampWrites = timers[Math.floor(i / passesPerTimer)]!.pass(label);
    const pass = encoder.beginComputePass({ label, timestampWrites });
    encodeStep(step, pass);
    pass.end();
  });
  for (const timer of timers) timer.resolve(encoder);
  gpu.device.queue.submit([encoder.finish()]);
  const times: PassTime[] = [];
  for (const timer of timers) {
    // Each timer counts from its own first pass, and these are in no known relation: laid end to end.
    const last = times.at(-1);
    const origin = last ? last.startNanoseconds + orZero(last.nanoseconds) : 0;
    for (const time of await timer.read()) times.push({ ...time, startNanoseconds: origin + time.startNanoseconds });
  }
  return times;
}

/** `times`: [rounds][steps]. */
function summarize(steps: readonly PlannedStep[], times: readonly (readonly PassTime[])[]): GraphProfile {
  const totals = times.map((round) => round.reduce((sum, { nanoseconds }) => sum + orZero(nanoseconds), 0));
  const totalNanoseconds = lowerMedian(totals);
  const medianRound = totals.indexOf(totalNanoseconds);
  const nodes = steps.map((step, i) => {
    const { node, kernel } = step;
    const nanoseconds = times.map((round) => round[i]!.nanoseconds);
    return {
      name: node.name,
      operator: node.operator.name,
      kernel: kernel.name,
      outputShape: node.outputs[0]!.type.shape,
      cost: costOf(step),
      nanoseconds,
      medianNanoseconds: median(nanoseconds.filter(Number.isFinite)),
      startNanoseconds: times[medianRound]![i]!.startNanoseconds,
    };
  });
  return { nodes, rounds: times.length, medianRound, totalNanoseconds };
}

/** The operator knows the shapes before packing only; what is read is what was packed. */
function costOf({ node, operands, call }: PlannedStep): Cost {
  const { flop, bytes } = node.operator.cost(call);
  const grown = operands.map((operand, i) => byteLength(operand.type) - byteLength(node.inputs[i]!.type));
  return { flop, bytes: grown.reduce((sum, more) => sum + more, bytes) };
}

function orZero(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? nanoseconds : 0;
}

/** One of the values: the lower of the two in the middle. */
function lowerMedian(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}
