// Writes the table of docs/networks.md: what each network holds and computes at full width, planned without a GPU, and how far its
// goldens are from PyTorch on this machine's adapter: `npm run networks:docs`.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type Gpu,
  GraphBuilder,
  inspectGraph,
  type Network,
  networks,
  openModelFile,
  runParity,
} from "../src/index.ts";
import { openGpu } from "../src/node.ts";
import { markdownTable, type Section, writeSection } from "./report/markdown.ts";

const goldens = "weights/goldens";

/** Pixels of each side. */
const size = 256;

export const networksSection: Section = {
  document: "docs/networks.md",
  begin: "<!-- networks: written by `npm run networks:docs` from weights/goldens -->",
  end: "<!-- /networks -->",
};

/** The largest relative L2 of a network's goldens; gradients where one has them. */
interface Errors {
  readonly layers: number;
  readonly forward: number;
  readonly gradients: number | undefined;
}

/** Of all goldens, by network. Throws Error where one fails. */
async function measure(gpu: Gpu): Promise<ReadonlyMap<string, Errors>> {
  const found = new Map<string, Errors>();
  for (const name of (await readdir(goldens)).sort()) {
    const file = (part: string) => join(goldens, name, `${part}.safetensors`);
    const model = await openModelFile(file("model"));
    await model.weights.close();
    const { rows, passed } = await runParity(gpu, file("model"), file("reference"));
    if (!passed) throw new Error(`${name}: a layer or gradient is beyond its limit; see \`atrous parity\``);
    const isGradient = ({ layer }: { readonly layer: string }) => layer.startsWith("grad:");
    const worst = (of: typeof rows) => Math.max(...of.map(({ relativeL2 }) => relativeL2));
    const [layers, gradients] = [rows.filter((row) => !isGradient(row)), rows.filter(isGradient)];
    const before = found.get(model.network.name) ?? { layers: 0, forward: 0, gradients: undefined };
    found.set(model.network.name, {
      layers: before.layers + layers.length,
      forward: Math.max(before.forward, worst(layers)),
      gradients: gradients.length > 0 ? Math.max(before.gradients ?? 0, worst(gradients)) : before.gradients,
    });
  }
  return found;
}

/** At its default options; parameters that are trained, and multiply-adds of one image. */
function describe(network: Network): readonly [parameters: string, gmac: string, megabytes: string] {
  const options = network.options({}, network.name);
  const b = new GraphBuilder();
  const side = Math.max(size, network.imageSize(options).least);
  const { logits } = network.build(b, b.input("image", [1, options.inChannels, side, side]), options);
  b.output("logits", logits);
  const { parameters, macs, memory } = inspectGraph(b.build());
  const { activationBytes, lowerBoundBytes } = memory;
  const live = (activationBytes / lowerBoundBytes).toFixed(2);
  return [
    parameters.toLocaleString("en"),
    (macs / 1e9).toFixed(1),
    `${(activationBytes / 2 ** 20).toFixed(1)} (${live})`,
  ];
}

const precise = (value: number | undefined) => (value === undefined ? "-" : value.toExponential(1));

export function formatNetworks(errors: ReadonlyMap<string, Errors>, driver: string): string {
  const head = ["network", "parameters", "GMAC", "planned MiB (over live)", "layers compared", "forward", "gradients"];
  const rows = networks
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((network) => {
      const error = errors.get(network.name);
      const compared = error
        ? [String(error.layers), precise(error.forward), precise(error.gradients)]
        : ["-", "-", "-"];
      return [`\`${network.name}\``, ...describe(network), ...compared];
    });
  return `${markdownTable(head, rows)}\n\nErrors are the largest relative L2 of any layer and any gradient, measured on ${driver}.`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const gpu = await openGpu();
  try {
    const text = formatNetworks(await measure(gpu), gpu.adapter.driver);
    const { document } = networksSection;
    await writeFile(document, writeSection(await readFile(document, "utf8"), networksSection, text));
  } finally {
    await gpu.dispose();
  }
}
