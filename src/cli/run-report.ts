// What `atrous run` says of its runs.
import { type AdapterDescription, formatShape, type Shape, type StartupReport } from "../index.ts";
import { formatBytes, formatFacts, formatMs } from "./table.ts";

type Shapes = Readonly<Record<string, Shape>>;

/** What of a run is NaN or infinite, or at the end of f16's range. */
export interface NotFinite {
  /** As `findNonFinite` names it; undefined where there is none, and in f32 where all outputs are finite. */
  readonly first: string | undefined;
  /** How many elements, by output; outputs without are left out. */
  readonly outputs: Readonly<Record<string, number>>;
}

export interface RunResult {
  readonly adapter: AdapterDescription;
  readonly model: string;
  /** Undefined for ONNX. */
  readonly network: string | undefined;
  readonly precision: "f32" | "f16";
  readonly inputs: Shapes;
  /** Gradients among them, as `grad:NAME`, where `withGradients`. */
  readonly outputs: Shapes;
  readonly withGradients: boolean;
  /** The file that holds the outputs. */
  readonly output: string;
  readonly notFinite: NotFinite;
  readonly gpuBytes: number;
  readonly startup: StartupReport;
  /** From the start of the process to the first result. */
  readonly coldMs: number;
  /** Wall time of each run, upload and read-back included; the first one is the one that warms up. */
  readonly runsMs: readonly number[];
}

export function runJson(result: RunResult): object {
  const { adapter, precision, coldMs, startup, runsMs, gpuBytes, model, network, inputs, outputs, output } = result;
  const { medianMs, minMs } = warmTimes(runsMs);
  return {
    adapter: adapter.driver,
    adapterKind: adapter.kind,
    precision,
    coldMs,
    startup,
    medianMs,
    minMs,
    runsMs,
    gpuBytes,
    model,
    network: network ?? "onnx",
    input: network === undefined ? inputs : inputs.image,
    outputs,
    output,
    notFinite: { first: result.notFinite.first ?? null, outputs: result.notFinite.outputs },
  };
}

export function runText(result: RunResult): string {
  const { coldMs, startup, gpuBytes } = result;
  const { medianMs, minMs, count } = warmTimes(result.runsMs);
  const { planMs, compileMs, prepareMs } = startup;
  const phases = `plan ${formatMs(planMs)}, kernels and upload ${formatMs(compileMs)}, weights ${formatMs(prepareMs)}`;
  const isGradient = ([name]: readonly [string, Shape]) => result.withGradients && name.startsWith("grad:");
  const outputs = Object.entries(result.outputs);
  const gradients = outputs.filter(isGradient).length;
  const written = outputs.filter((output) => !isGradient(output)).map(formatNamed);
  if (gradients > 0) written.push(`${gradients} gradients`);
  return formatFacts({
    adapter: result.adapter.driver,
    input: Object.entries(result.inputs).map(formatNamed).join(", "),
    output: `${written.join(", ")} in ${result.output}`,
    ...formatLost(result),
    "first result": `${formatMs(coldMs)} after the start (${phases})`,
    "each run": `median ${formatMs(medianMs)}, least ${formatMs(minMs)}, of ${count}`,
    "GPU memory": formatBytes(gpuBytes),
  });
}

function formatLost({ notFinite: { first, outputs }, precision }: RunResult): Record<string, string> {
  const counts = Object.entries(outputs).map(([name, count]) => `${count} elements of ${name}`);
  if (first === undefined && counts.length === 0) return {};
  const what = precision === "f16" ? "NaN, infinities or numbers that f16 does not hold" : "NaN or infinities";
  const where = first === undefined ? [] : [`the first layer with ${what} is ${first}`];
  return { "not finite": [...counts, ...where].join("; ") };
}

function formatNamed([name, shape]: readonly [string, Shape]): string {
  return `${name} ${formatShape(shape)}`;
}

/** Of the runs after the first one, if there are any. */
function warmTimes(runsMs: readonly number[]): { medianMs: number; minMs: number; count: number } {
  const warm = runsMs.length > 1 ? runsMs.slice(1) : runsMs;
  return { medianMs: median(warm), minMs: Math.min(...warm), count: warm.length };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
