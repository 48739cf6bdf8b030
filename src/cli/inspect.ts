// `atrous inspect`: what a model is made of and what it takes to run, without running it.

import type { Command } from "commander";
import {
  buildModelGraph,
  deviceTraits,
  formatShape,
  type GraphReport,
  inputChannels,
  inspectGraph,
  type ModelFile,
  type Shape,
} from "../index.ts";
import { parseShape } from "./arguments.ts";
import { modelHelp, openModel } from "./model.ts";
import type { GlobalOptions, Session } from "./session.ts";
import { formatBytes, formatCount, formatFacts, formatTable } from "./table.ts";

interface InspectOptions extends GlobalOptions {
  readonly shape?: Shape;
  readonly json?: true;
}

export function addInspect(program: Command, session: Session): void {
  program
    .command("inspect")
    .description("Show a model's layers, parameters, multiply-adds and memory plan. Needs no GPU.")
    .argument("<MODEL>", modelHelp)
    .option("--shape <n,c,h,w>", "shape of the image (default: one 512x512 image)", parseShape)
    .option("--json", "print JSON on standard output")
    .addHelpText(
      "after",
      `
The plan is that of a device with WebGPU's default limits; with --adapter it is
that adapter's.

Examples:
  $ atrous inspect weights/msff-resnet18-lumbar-small.safetensors
  $ atrous inspect model.safetensors --shape 4,3,256,320 --json`,
    )
    .action(async (path: string, _, command: Command) => {
      const options = command.optsWithGlobals<InspectOptions>();
      const file = await openModel(path);
      try {
        const shape = options.shape ?? [1, inputChannels(file), 512, 512];
        const graph = buildModelGraph(file, shape, ["logits"]);
        const chosen = command.parent?.getOptionValueSource("adapter") !== "default";
        const planned = chosen
          ? await session.withGpu(options, async (gpu) => ({
              plannedFor: gpu.adapter.driver,
              report: inspectGraph(graph, deviceTraits(gpu)),
            }))
          : { plannedFor: "WebGPU's default limits", report: inspectGraph(graph) };
        if (options.json) session.printJson(asJson(file, shape, planned));
        else session.print(asText(file, shape, planned));
      } finally {
        await file.weights.close();
      }
    });
}

interface Planned {
  readonly plannedFor: string;
  readonly report: GraphReport;
}

function asJson(file: ModelFile, shape: Shape, { plannedFor, report }: Planned): object {
  const { name, network, options, labels, preprocess } = file;
  return { model: name, network: network.name, options, labels, preprocess, shape, plannedFor, ...report };
}

function asText(file: ModelFile, shape: Shape, { plannedFor, report }: Planned): string {
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
  const options = Object.entries(file.options).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  const { preprocess } = file;
  const dtypes = [...new Set([...file.weights.entries.values()].map((entry) => entry.dtype))];
  const head = {
    model: file.name,
    network: file.network.name,
    options: options.join(", "),
    labels: file.labels?.join(", ") ?? "not stated",
    preprocess: preprocess
      ? `${preprocess.spacingMm} mm, ${preprocess.normalize}, padded to multiples of ${preprocess.padMultiple}, at least ${preprocess.minSize}`
      : "not stated",
    weights: `${file.weights.entries.size} tensors, ${dtypes.join(", ")}`,
    image: formatShape(shape),
  };
  const totals = {
    parameters: `${formatCount(parameters)} trained, ${formatCount(statistics)} batch-norm statistics`,
    MACs: `${(macs / 1e9).toFixed(2)} G`,
    activations: `${formatBytes(memory.activationBytes)}; no plan needs less than ${formatBytes(memory.lowerBoundBytes)}; unplanned ${formatBytes(memory.unplannedBytes)}`,
    "GPU weights": formatBytes(memory.parameterBytes),
    "planned for": plannedFor,
  };
  return [formatFacts(head), formatTable(columns, rows), formatFacts(totals)].join("\n\n");
}
