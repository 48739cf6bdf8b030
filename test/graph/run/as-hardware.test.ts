// What is planned for hardware alone, run on whatever adapter there is: the cases of operators whose plan differs there, and
// three networks against PyTorch.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Graph } from "../../../src/graph/ir/graph.ts";
import { decompose } from "../../../src/graph/passes/decompose.ts";
import { lower } from "../../../src/graph/plan/lower.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { defaultTraits } from "../../../src/models/inspect.ts";
import { type DeviceTraits, deviceTraits } from "../../../src/ops/device-traits.ts";
import { runParity } from "../../../src/parity/index.ts";
import type { Tensor } from "../../../src/tensor.ts";
import { allSuites } from "../../support/all-suites.ts";
import { caseGraph } from "../../support/case-graph.ts";
import { compare, prepareCase } from "../../support/check-operator.ts";
import { asHardware } from "../../support/gpu.ts";
import { shareTestGpu } from "../../support/share-gpu.ts";

const sharedGpu = shareTestGpu();

/** Devices of the least, and as software drivers are beside their kind. */
const devices: readonly DeviceTraits[] = [
  defaultTraits,
  { ...defaultTraits, maxWorkgroupInvocations: 1024, maxWorkgroupStorageBytes: 32768, subgroupSize: 8 },
];

/** Names of the kernels that a graph gets. */
function plan(graph: Graph, device: DeviceTraits): string {
  const { once, run } = lower(decompose(graph, device), device);
  return [...once.steps, ...run.steps].map(({ kernel }) => kernel.name).join(" ");
}

describe("operators whose plan differs on hardware", async () => {
  const cases = (await allSuites())
    .filter(({ operator }) => !operator.updates)
    .flatMap((suite) => suite.cases.map((entry) => ({ suite, entry, graph: caseGraph(suite.operator, entry) })))
    .filter(({ graph }) =>
      devices.some((device) => plan(graph, device) !== plan(graph, { ...device, kind: "software" })),
    );

  test("are many", () => {
    expect(cases.length).toBeGreaterThan(100);
  });

  test.each(
    cases.map(({ suite, entry, graph }) => [`${suite.operator.name}: ${entry.why}`, suite, entry, graph] as const),
  )("%s", async (_, suite, entry, graph) => {
    const gpu = asHardware(sharedGpu());
    expect(deviceTraits(gpu).kind).toBe("hardware");
    const { data, expected } = prepareCase(suite, entry);
    const inputs = Object.fromEntries(
      graph.inputs.map(({ name, type }, i): [string, Tensor] => [name, { shape: type.shape, data: data[i]! }]),
    );
    const model = await compile(gpu, graph, { parameter: () => Promise.reject(new Error("no parameters")) });
    const { y } = await model.run(inputs).finally(() => model.dispose());
    compare(plan(graph, deviceTraits(gpu)), graph.outputs.get("y")!.type, y!.data, expected[0]!);
  });
});

test.each(["msff-w8", "unet-w32-gradients", "deeplabv3plus-w48-gradients"])(
  "%s agrees with PyTorch on what hardware gets",
  async (name) => {
    const read = (file: string) => new Uint8Array(readFileSync(join("weights/goldens", name, file)));
    const report = await runParity(asHardware(sharedGpu()), read("model.safetensors"), read("reference.safetensors"));
    expect(report.passed).toBe(true);
    expect(report.rows.length).toBeGreaterThan(10);
  },
);
