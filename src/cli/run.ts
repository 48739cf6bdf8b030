// `atrous run`: one input through one model, outputs and times written down.

import type { Command } from "commander";
import {
  buildModelGraph,
  type CompiledGraph,
  compile,
  FormatError,
  findNonFinite,
  formatShape,
  type Gpu,
  type Graph,
  type HeadOptions,
  importOnnx,
  isOnnx,
  openSafetensors,
  type RunInputs,
  type Shape,
  type Tensor,
  type TensorToWrite,
  type Tuning,
  UsageError,
  type Weights,
  weightsFor,
  writeSafetensors,
} from "../index.ts";
import { fileSource, writeFileAtomic } from "../node.ts";
import {
  averageHeadsOption,
  chosenHeads,
  keepFullOption,
  levelOption,
  parseCount,
  precisionOption,
  requireNoHeads,
  type StorageOptions,
  storage,
} from "./arguments.ts";
import { naming } from "./failure.ts";
import { withOutputGradients } from "./gradients.ts";
import { modelHelp, openModel } from "./model.ts";
import { fitInputs, readInputs } from "./onnx.ts";
import { requireNewFile } from "./output.ts";
import { type NotFinite, type RunResult, runJson, runText } from "./run-report.ts";
import type { GlobalOptions, Session } from "./session.ts";
import { readTuning } from "./tune.ts";

interface RunOptions extends GlobalOptions, StorageOptions, HeadOptions {
  readonly input: string;
  readonly output: string;
  readonly gradOutput?: string;
  readonly repeat: number;
  readonly tuning?: string;
  readonly json?: true;
}

export function addRun(program: Command, session: Session): void {
  program
    .command("run")
    .description("Run a model on the tensors of a safetensors file.")
    .argument("<MODEL>", modelHelp)
    .requiredOption(
      "--input <file>",
      "safetensors file with the tensor `image`, [N, C, H, W]; for ONNX, each input by its name",
    )
    .requiredOption("--output <file>", "safetensors file to write, with the tensor `logits`, or the ONNX outputs")
    .option("--grad-output <file>", "safetensors file with d(loss)/d(output) by output: also writes gradients")
    .option("--repeat <n>", "number of runs; the first does not count towards the times", parseCount, 1)
    .addOption(precisionOption())
    .addOption(keepFullOption())
    .addOption(levelOption())
    .addOption(averageHeadsOption())
    .option("--tuning <file>", "kernels that `atrous tune` measured on this adapter")
    .option("--json", "print JSON on standard output")
    .addHelpText(
      "after",
      `
With --grad-output the file written also holds grad:NAME, d(loss)/d(NAME), for
every input and every parameter: the vector-Jacobian product. Outputs that
--grad-output leaves out count as zero; batch norm has its running statistics.
Initializers that the import of ONNX computes with have no gradient.

Times are wall time with upload and read-back; coldMs runs from the start of
the process to the first result.

Examples:
  $ atrous run MODEL --input in.safetensors --output out.safetensors
  $ atrous run MODEL --input in.safetensors --output out.safetensors --repeat 20
  $ atrous run MODEL --input in.safetensors --output out.safetensors
      --grad-output dy.safetensors`,
    )
    .action(async (path: string, _, command: Command) => {
      const options = command.optsWithGlobals<RunOptions>();
      const { gradOutput } = options;
      if (gradOutput !== undefined && options.precision === "f16")
        throw new UsageError(
          "--grad-output: f16 rounds the signs of ReLUs and gradients jump, expected --precision f32",
        );
      await requireNewFile(options.output, [path, options.input, ...(gradOutput === undefined ? [] : [gradOutput])]);
      const tuning = options.tuning === undefined ? undefined : await readTuning(options.tuning);
      const opened = await naming(options.input, openForInput(path, options.input, chosenHeads(options)));
      try {
        const model = gradOutput === undefined ? opened : await withOutputGradients(opened, gradOutput);
        const work = session.withGpu(options, (gpu) => runModel(session, gpu, { model, tuning, options }));
        await naming(options.input, work);
      } finally {
        await opened.close();
      }
    });
}

/** A model's graph for the inputs of one file. */
interface OpenModel {
  readonly name: string;
  /** Of a network of this package. */
  readonly network: string | undefined;
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly weights: Weights;
  close(): Promise<void>;
}

async function openForInput(path: string, inputPath: string, heads: HeadOptions): Promise<OpenModel> {
  if (await isOnnx(path)) {
    requireNoHeads(heads);
    const { inputs, importing } = await readInputs(inputPath);
    const model = await importOnnx(path, importing);
    return { ...model, network: undefined, inputs: fitInputs(model.graph, inputs, inputPath) };
  }
  const file = await openModel(path);
  try {
    const image = await readInput(inputPath);
    return {
      name: file.name,
      network: file.network.name,
      graph: buildModelGraph(file, image.shape, ["logits"], heads),
      inputs: { image },
      weights: file.weights,
      close: () => file.weights.close(),
    };
  } catch (error) {
    await file.weights.close();
    throw error;
  }
}

/** The tensor `image`, alone in its file. */
async function readInput(path: string): Promise<Tensor> {
  const file = await openSafetensors(await fileSource(path));
  try {
    const others = [...file.entries.keys()].filter((name) => name !== "image");
    const entry = file.entries.get("image");
    if (!entry) throw new FormatError(`${path}: no tensor "image", got ${others.join(", ") || "none at all"}`);
    if (others.length > 0) throw new FormatError(`${path}: unknown input "${others[0]}", expected image alone`);
    if (entry.shape.length !== 4 || entry.shape.includes(0)) {
      throw new FormatError(
        `${path}: tensor "image" is ${formatShape(entry.shape)}, expected [N, C, H, W] of 1 or more`,
      );
    }
    return { shape: entry.shape, data: await file.readF32("image") };
  } finally {
    await file.close();
  }
}

interface Given {
  readonly model: OpenModel;
  readonly tuning: Tuning | undefined;
  readonly options: RunOptions;
}

async function runModel(session: Session, gpu: Gpu, { model, tuning, options }: Given): Promise<void> {
  const { graph, inputs, weights } = model;
  const compiling = session.progress("preparing kernels");
  const misses: string[] = [];
  const tuned = tuning && { tuning, onMiss: (node: string) => misses.push(node) };
  const compiled = await compile(gpu, graph, {
    ...weightsFor(gpu, weights),
    ...storage(options),
    onProgress: compiling.update,
    ...tuned,
  }).finally(() => compiling.stop());
  if (misses.length > 0) session.note(`${options.tuning}: does not know ${misses.length} layers, e.g. ${misses[0]}`);
  try {
    const { outputs, ...times } = await repeatRun(session, compiled, inputs, options.repeat);
    const gpuBytes = gpu.allocated.bytes;
    await writeFileAtomic(options.output, writeSafetensors(toWrite(outputs)));
    await compiled.dispose();
    const notFinite = await findLost(gpu, model, options, outputs);
    const result: RunResult = {
      adapter: gpu.adapter,
      model: model.name,
      network: model.network,
      precision: options.precision,
      inputs: shapesOf(inputs),
      outputs: shapesOf(outputs),
      withGradients: options.gradOutput !== undefined,
      output: options.output,
      notFinite,
      gpuBytes,
      startup: compiled.startup,
      ...times,
    };
    if (options.json) session.printJson(runJson(result));
    else session.print(runText(result));
  } finally {
    await compiled.dispose();
  }
}

/** Elements of the outputs that are NaN or infinite; where there are some, and in f16 always, the first layer with such. */
async function findLost(
  gpu: Gpu,
  { graph, inputs, weights }: OpenModel,
  options: RunOptions,
  outputs: Readonly<Record<string, Tensor>>,
): Promise<NotFinite> {
  const counts = Object.entries(outputs).map(([name, { data }]): readonly [string, number] => [
    name,
    Array.from(data).filter((value) => !Number.isFinite(value)).length,
  ]);
  const lost = counts.filter(([, count]) => count > 0);
  const first =
    lost.length > 0 || options.precision === "f16"
      ? await findNonFinite(gpu, graph, { inputs, ...weightsFor(gpu, weights), ...storage(options) })
      : undefined;
  return { first, outputs: Object.fromEntries(lost) };
}

interface RepeatedRun extends Pick<RunResult, "coldMs" | "runsMs"> {
  /** Of the last run. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

async function repeatRun(
  session: Session,
  compiled: CompiledGraph,
  inputs: RunInputs,
  repeat: number,
): Promise<RepeatedRun> {
  const progress = session.progress("running");
  try {
    const runsMs: number[] = [];
    let outputs: Record<string, Tensor> = {};
    let coldMs = 0;
    for (let i = 0; i < repeat; i++) {
      const started = performance.now();
      outputs = await compiled.run(inputs);
      runsMs.push(performance.now() - started);
      if (i === 0) coldMs = performance.now() - session.startedAt;
      progress.update(i + 1, repeat);
    }
    return { outputs, coldMs, runsMs };
  } finally {
    progress.stop();
  }
}

function shapesOf(tensors: Readonly<Record<string, Tensor>>): Record<string, Shape> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
}

function toWrite(outputs: Readonly<Record<string, Tensor>>): Record<string, TensorToWrite> {
  const entries = Object.entries(outputs).map(([name, { shape, data }]) => {
    // Integers up to 2^53 are exact as I64, the only integers of the writer.
    const stored = data instanceof Float32Array ? data : BigInt64Array.from(data, BigInt);
    return [name, { shape, data: stored }] as const;
  });
  return Object.fromEntries(entries);
}
