// The options of `atrous bench`: what they take, and which suite takes them.
import { type Command, InvalidArgumentError } from "commander";
import type { NetworkName, Precision } from "../../bench/index.ts";
import { UsageError } from "../index.ts";
import { parseCount } from "./arguments.ts";
import type { GlobalOptions } from "./session.ts";

export interface BenchFlags extends GlobalOptions {
  readonly peers?: true | string;
  readonly conv?: string[];
  readonly filter: string;
  readonly gradients?: true;
  readonly sizes?: number[];
  readonly batches?: number[];
  readonly networks: NetworkName[];
  readonly precision: Precision[];
  readonly rounds: number;
  readonly tuning?: string;
  readonly tune?: true;
  readonly resident?: true;
  readonly profile?: string;
  readonly json?: string;
  readonly html?: string;
  readonly baseline?: string;
}

/** The command without its action: arguments, options and help. */
export function addBenchCommand(program: Command): Command {
  return program
    .command("bench")
    .description("Measure kernels or whole networks on this adapter, each result checked first.")
    .argument(
      "[suite]",
      "kernels: the convolutions of many networks; models: networks, see --networks; training: steps of it; start: its cold start; onnx: FILES",
      "models",
    )
    .argument("[files...]", "ONNX files, of one input each; FILE@1,3,320,320 gives it a shape")
    .option("--peers [names]", "also run other engines: all, or some of ort, ort-cpu, tfjs, jax, with commas")
    .option("--conv <shape>", 'measure this convolution instead, as "1,64,128,128 k3 c64 d2"; may be repeated', collect)
    .option("--gradients", "of kernels: those that training runs besides, or the gradients of --conv")
    .option("--filter <text>", "only what holds this text in its name", "")
    .option("--sizes <list>", "pixels along each side, for models (256), training (160) and start (256)", parseCounts)
    .option("--batches <list>", "images per run, for models (1) and training (4)", parseCounts)
    .option("--networks <list>", `of models: ${Object.keys(networkNames).join(", ")}`, parseNetworks, ["msff"])
    .option("--precision <list>", "how tensors are stored: f32, f16 or both", parsePrecisions, ["f32"])
    .option("--rounds <n>", "samples of each engine", parseCount, 7)
    .option("--tuning <file>", "kernels that `atrous tune` measured on this adapter")
    .option("--tune", "measure every kernel of every case first, say how fast each is, take the fastest")
    .option("--resident", "leave image and result on the GPU; engines that cannot are left out")
    .option(
      "--profile <prefix>",
      "also write PREFIX.trace.json (Perfetto) and PREFIX.html, layer by layer; one case only",
    )
    .option("--json <file>", "also write the record; - for standard output, and nothing else there")
    .option("--html <file>", "also write a report with plots")
    .option("--baseline <file>", "compare with an earlier record; a regression beyond the noise makes the exit code 1")
    .addHelpText(
      "after",
      `
Times are of whole runs, data in and data out of host memory, or with --resident
from GPU memory to GPU memory; GPU ms are by timestamps. A sample is the mean of
as many runs in a row as take 50 ms. Engines take turns on the same driver;
--adapter moves atrous alone, so with --peers choose the driver by
VK_DRIVER_FILES. Steps of training have the batch on the GPU, and are timed
with its upload too. Of the peers tfjs and jax train: tfjs without dilations,
jax after minutes for its first step. Peers are packages to install:
onnxruntime-node, @tensorflow/tfjs-core with @tensorflow/tfjs-backend-webgpu,
@jax-js/jax.

ONNX files are compared before they are timed: with PyTorch where
FILE.safetensors beside FILE.onnx holds image and output0, output1, ..., as
test/conformance/export.py writes it, else with ONNX Runtime on the CPU.

Exit codes: 0 good, 1 a result differs or a regression, 2 bad usage or input.

Examples:
  $ atrous bench models --sizes 160,256,512 --html report.html
  $ atrous bench kernels --peers ort --filter ResNet-18
  $ atrous bench training --peers --sizes 96,160 --json training.json
  $ atrous bench training --filter undilated --profile step
  $ atrous bench kernels --gradients
  $ atrous bench kernels --conv "1,64,128,128 k3 c64 d2"
  $ atrous bench kernels --conv "1,16,32,64,64 k3 c32" --tune
  $ atrous bench onnx a.onnx b.onnx@1,3,48,320 --precision f32,f16 --peers ort`,
    );
}

/** What a suite does not take. */
const unused: Readonly<Record<string, readonly string[]>> = {
  training: ["conv", "gradients", "networks", "precision", "resident", "tune", "tuning"],
  models: ["gradients"],
  start: ["gradients"],
};

/** Throws UsageError for an option that the suite would ignore. */
export function requireUsed(suite: string, command: Command): void {
  const given = unused[suite]?.find((name) => command.getOptionValueSource(name) === "cli");
  if (given !== undefined) throw new UsageError(`--${given}: not for ${suite}`);
}

const collect = (text: string, before: string[] = []): string[] => [...before, text];

function parseCounts(text: string): number[] {
  return text.split(",").map((word) => parseCount(word));
}

/** A name that is missing here does not compile. */
const networkNames: Readonly<Record<NetworkName, true>> = { msff: true, "msff-pools-4": true, resnet18: true };

function parseNetworks(text: string): NetworkName[] {
  const isName = (name: string): name is NetworkName => name in networkNames;
  return parseList(text, Object.keys(networkNames).filter(isName));
}

function parsePrecisions(text: string): Precision[] {
  return parseList(text, ["f32", "f16"]);
}

function parseList<T extends string>(text: string, allowed: readonly T[]): T[] {
  return text.split(",").map((word) => {
    const found = allowed.find((name) => name === word);
    if (found === undefined) throw new InvalidArgumentError(`Expected some of ${allowed.join(", ")}, with commas.`);
    return found;
  });
}
