// The WGSL of one variant of every kernel, as text to read.
import { peakCopy } from "../../shaders/peak/copy.wgsl.ts";
import { peakDispatch } from "../../shaders/peak/dispatch.wgsl.ts";
import { peakFma } from "../../shaders/peak/fma.wgsl.ts";
import { wholeCall } from "../../src/graph/plan/lower.ts";
import { defaultTraits } from "../../src/models/inspect.ts";
import type { DeviceTraits } from "../../src/ops/device-traits.ts";
import { type Call, type Kernel, noEpilogue } from "../../src/ops/operator.ts";
import { suitesOfFamilies } from "./all-suites.ts";
import { caseGraph } from "./case-graph.ts";
import { layOut } from "./run-kernel.ts";

const devices: readonly DeviceTraits[] = [
  defaultTraits,
  {
    ...defaultTraits,
    kind: "software",
    subgroupSize: 8,
    maxWorkgroupInvocations: 1024,
    maxWorkgroupStorageBytes: 32768,
  },
];

interface Variant {
  readonly family: string;
  readonly kernel: Kernel;
  readonly call: Call;
  readonly device: DeviceTraits;
  /** Where the kernel is used: why the case is there, or which kernel's weights are packed. */
  readonly why: string;
}

/**
 * Text by file, as `conv/conv2d-direct.wgsl`: of each kernel the first case that it applies to, in f32, of those with the most in
 * their epilogue, on a device that it applies to. Throws Error for a kernel that applies to no case.
 */
export async function kernelSources(): Promise<ReadonlyMap<string, string>> {
  const suites = await suitesOfFamilies();
  const chosen = new Map<string, Variant>();
  const offer = (variant: Variant) => {
    const known = chosen.get(variant.kernel.name);
    if (!known || richness(known.call) < richness(variant.call)) chosen.set(variant.kernel.name, variant);
  };
  for (const { family, suite } of suites) {
    for (const entry of suite.cases) {
      const call = wholeCall(caseGraph(suite.operator, entry).nodes[0]!);
      for (const kernel of suite.operator.kernels) {
        const device = devices.find((candidate) => kernel.applies(call, candidate));
        if (device) offer({ family, kernel, call, device, why: entry.why });
      }
    }
  }
  for (const variant of [...chosen.values()]) for (const pack of packsOf(variant)) offer(pack);
  const missing = suites.flatMap(({ suite }) => suite.operator.kernels).find(({ name }) => !chosen.has(name));
  if (missing) throw new Error(`${missing.name}: applies to none of its operator's cases`);
  const sources = [...chosen.values()].map((variant) => [fileOf(variant), textOf(variant)] as const);
  return new Map([...sources, ...peaks].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const peaks = [
  [
    "peak/copy.wgsl",
    `// A copy, as \`atrous bench\` measures it.\n${peakCopy({ width: 4, perInvocation: 2, workgroup: 64 })}`,
  ],
  ["peak/dispatch.wgsl", `// A dispatch that does next to nothing.\n${peakDispatch()}`],
  [
    "peak/fma.wgsl",
    `// Multiply-adds, as \`atrous bench\` measures them.\n${peakFma({ precision: "f32", width: 4, chains: 4, workgroup: 64 })}`,
  ],
] as const;

function richness({ epilogue: { bias, residual, activation } }: Call): number {
  return Number(bias) + Number(Boolean(residual)) + Number(activation.kind !== "none");
}

/** The kernels that pack a variant's weights. */
function packsOf({ family, kernel, call, device }: Variant): Variant[] {
  return (kernel.packs?.(call, device) ?? []).map(({ input, operator, given }) => {
    const attrs = operator.attributes(given);
    const source = call.inputs[input]!;
    const outputs = operator.shape([source], attrs).map((type) => layOut(type, "whole", 0));
    const packed: Call = { inputs: [source], outputs: [outputs[0]!], attrs, epilogue: noEpilogue };
    return { family, kernel: operator.kernels[0]!, call: packed, device, why: `for ${kernel.name}` };
  });
}

function fileOf({ family, kernel }: Variant): string {
  return `${family}/${kernel.name.replaceAll("/", "-")}.wgsl`;
}

function textOf({ kernel, call, device, why }: Variant): string {
  const dispatches = kernel.dispatches(call, device);
  const parts = dispatches.map(({ code }, i) => {
    const which = dispatches.length > 1 ? `, dispatch ${i + 1} of ${dispatches.length}` : "";
    return `// ${kernel.name}${which}: ${why}.\n${code.trim()}\n`;
  });
  return parts.join("\n");
}
