// `atrous inspect`: what a model is made of and what it takes to run, without running it.

import type { Command } from "commander";
import {
  buildModelGraph,
  deviceTraits,
  formatShape,
  type Graph,
  type GraphReport,
  type HeadOptions,
  importOnnx,
  inspectGraph,
  isOnnx,
  type ModelFile,
  type Normalization,
  type Shape,
  UnsupportedError,
  unusedTensors,
} from "../index.ts";
import {
  averageHeadsOption,
  chosenHeads,
  type InputShape,
  levelOption,
  type NetworkChoice,
  networkOption,
  networkOptionsOption,
  parseInputShapes,
  requireNoHeads,
  requireNoNetwork,
} from "./arguments.ts";
import { describeFailure } from "./failure.ts";
import { anyModelHelp, imageShape, openModel } from "./model.ts";
import { importShapes, onnxFacts, onnxJson, unsupportedText } from "./onnx.ts";
import type { GlobalOptions, Session } from "./session.ts";
import { formatBytes, formatCount, formatFacts, formatTable, nameSome } from "./table.ts";

interface InspectOptions extends GlobalOptions, HeadOptions, NetworkChoice {
  readonly shape?: readonly InputShape[];
  readonly json?: true;
}

export function addInspect(program: Command, session: Session): void {
  program
    .command("inspect")
    .description("Show a model's layers, parameters, multiply-adds and memory plan. Needs no GPU.")
    .argument("<MODEL>", anyModelHelp)
    .option(
      "--shape <[input=]sizes>",
      "shape of the image (default: one 512x512 image), or of an ONNX model's inputs",
      parseInputShapes,
    )
    .addOption(levelOption())
    .addOption(averageHeadsOption())
    .addOption(networkOption())
    .addOption(networkOptionsOption())
    .option("--json", "print JSON on standard output")
    .addHelpText(
      "after",
      `
The plan is that of a device with WebGPU's default limits; with --adapter it is
that adapter's. An ONNX model needs a shape where it leaves sizes open; nodes
that cannot be imported are marked with the reason, and the exit code is 1.

Examples:
  $ atrous inspect weights/msff-resnet18-lumbar-small.safetensors
  $ atrous inspect model.safetensors --shape 4,3,256,320 --json
  $ atrous inspect model.onnx --shape image=1,3,256,256
  $ atrous inspect unet.pth --network unet --options '{"classes":1}'`,
    )
    .action(async (path: string, _, command: Command) => {
      const options = command.optsWithGlobals<InspectOptions>();
      const inspect = (await isOnnx(path)) ? inspectOnnx : inspectWeights;
      const chosen = command.parent?.getOptionValueSource("adapter") !== "default";
      await inspect(session, path, options, (graph) => plan(session, graph, options, chosen));
    });
}

type PlanGraph = (graph: Graph) => Promise<Planned>;

async function plan(session: Session, graph: Graph, options: InspectOptions, onAdapter: boolean): Promise<Planned> {
  if (!onAdapter) return { plannedFor: "WebGPU's default limits", report: inspectGraph(graph) };
  return session.withGpu(options, async (gpu) => ({
    plannedFor: gpu.adapter.driver,
    report: inspectGraph(graph, deviceTraits(gpu)),
  }));
}

async function inspectWeights(session: Session, path: string, options: InspectOptions, plan: PlanGraph) {
  const file = await openModel(path, options);
  try {
    const shape = imageShape(file, options.shape ?? []);
    const planned = await plan(buildModelGraph(file, shape, ["logits"], chosenHeads(options)));
    if (options.json) session.printJson(asJson(file, shape, planned));
    else session.print(asText(file, shape, planned));
  } finally {
    await file.weights.close();
  }
}

async function inspectOnnx(session: Session, path: string, options: InspectOptions, plan: PlanGraph) {
  requireNoHeads(options);
  requireNoNetwork(options);
  try {
    const model = await importOnnx(path, importShapes(options.shape ?? []));
    try {
      const { plannedFor, report } = await plan(model.graph);
      if (options.json) session.printJson(onnxJson(model, report, plannedFor));
      else session.print(asTable(onnxFacts(model), report, plannedFor));
    } finally {
      await model.close();
    }
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    session.exitCode = 1;
    if (options.json)
      session.printJson({ model: path, format: "onnx", unsupported: error.message, nodes: error.nodes });
    else session.print(unsupportedText(path, error));
    session.note(describeFailure(error, false));
  }
}

interface Planned {
  readonly plannedFor: string;
  readonly report: GraphReport;
}

function asJson(file: ModelFile, shape: Shape, { plannedFor, report }: Planned): object {
  const { name, network, options, labels, preprocess } = file;
  const unused = unusedTensors(file);
  return { model: name, network: network.name, options, labels, preprocess, unused, shape, plannedFor, ...report };
}

function asText(file: ModelFile, shape: Shape, { plannedFor, report }: Planned): string {
  const options = Object.entries(file.options).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  const { preprocess } = file;
  const unused = unusedTensors(file);
  const dtypes = [...new Set([...file.weights.entries.values()].map((entry) => entry.dtype))];
  const head = {
    model: file.name,
    network: file.network.name,
    options: options.join(", "),
    labels: file.labels?.join(", ") ?? "not stated",
    preprocess: preprocess
      ? `${preprocess.spacingMm === "own" ? "pixels as they are" : `${preprocess.spacingMm} mm`}, ${formatNormalization(preprocess.normalize)}, padded to multiples of ${preprocess.padMultiple}, at least ${preprocess.minSize}`
      : "not stated",
    weights: `${file.weights.entries.size} tensors, ${dtypes.join(", ")}`,
    ...(unused.length > 0 && { "not used": nameSome(unused) }),
    image: formatShape(shape),
  };
  return asTable(head, report, plannedFor);
}

function formatNormalization(normalize: Normalization): string {
  if (typeof normalize === "string") return normalize;
  if ("percentile" in normalize) return `percentiles ${normalize.percentile.join(" to ")}`;
  if ("window" in normalize) return `window ${normalize.window.join(" to ")}`;
  return `mean ${normalize.mean}, deviation ${normalize.deviation}`;
}

function asTable(head: Readonly<Record<string, string>>, report: GraphReport, plannedFor: string): string {
  const { layers, memory, macs, parameters, statistics } = report;
  const rows = layers.map((layer) => [
    layer.name,
    layer.kernel ?? "(in place)",
    layer.outputShape.join("x"),
    layer.parameters > 0 ? formatCount(layer.parameters) : "",
    layer.macs > 0 ? (layer.macs / 1e6).toFixed(layer.macs < 1e8 ? 2 : 1) : "",
  ]);
  const columns = [
    { title: "layer" },
    { title: "kernel" },
    { title: "output", align: "right" },
    { title: "params", align: "right" },
    { title: "MMAC", align: "right" },
  ] as const;
  const totals = {
    parameters: `${formatCount(parameters)} trained, ${formatCount(statistics)} batch-norm statistics`,
    MACs: `${(macs / 1e9).toFixed(2)} G`,
    activations: `${formatBytes(memory.activationBytes)}; no plan needs less than ${formatBytes(memory.lowerBoundBytes)}; unplanned ${formatBytes(memory.unplannedBytes)}`,
    "GPU weights": formatBytes(memory.parameterBytes),
    "planned for": plannedFor,
  };
  return [formatFacts(head), formatTable(columns, rows), formatFacts(totals)].join("\n\n");
}
