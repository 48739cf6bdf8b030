// A planned network on the GPU gives, bit for bit, what its steps give with every value in a buffer of its own.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph, Value } from "../../../src/graph/ir/graph.ts";
import { decompose } from "../../../src/graph/passes/decompose.ts";
import { optimize } from "../../../src/graph/passes/optimize.ts";
import { lower, wholeCall } from "../../../src/graph/plan/lower.ts";
import { planMemory } from "../../../src/graph/plan/memory-plan.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { resnet18 } from "../../../src/models/encoders/resnet.ts";
import { msffResNet18 } from "../../../src/models/networks/msff-resnet18.ts";
import { deviceTraits } from "../../../src/ops/device-traits.ts";
import { elementCount, type TensorData } from "../../../src/tensor.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { createRandom, uniform } from "../../support/random.ts";
import { randomParameter } from "../../support/random-graph.ts";
import { runKernel } from "../../support/run-kernel.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

function network(build: (b: GraphBuilder, image: Value) => Value): Graph {
  const b = new GraphBuilder();
  b.output("logits", build(b, b.input("image", [2, 3, 64, 64])));
  return b.build();
}

function lowered(graph: Graph) {
  const traits = deviceTraits(gpu);
  return lower(decompose(optimize(graph), traits), traits);
}

/** Runs each step by the kernel that the plan's steps use, alone. */
async function runApart(graph: Graph, image: Float32Array): Promise<Map<Value, TensorData>> {
  const known = new Map<Value, TensorData>(graph.inputs.map((input) => [input, image]));
  const data = (value: Value) =>
    known.get(value) ?? value.data ?? randomParameter(value.name, elementCount(value.type.shape));
  const { once, run } = lowered(graph);
  for (const { node, kernel } of [...once.steps, ...run.steps]) {
    const results = await runKernel(gpu, { kernel, call: wholeCall(node), inputs: node.inputs.map(data) });
    node.outputs.forEach((value, i) => {
      known.set(value, results[i]!);
    });
  }
  return known;
}

/** Fails where the planned graph and its steps differ in a bit of the output. */
async function compareApart(graph: Graph) {
  const { run } = lowered(graph);
  const [output] = run.outputs;
  const plan = planMemory(run);
  const [input] = graph.inputs;
  const image = uniform(elementCount(input!.type.shape), createRandom(1));
  const parameter = async (name: string) => {
    const value = graph.parameters.find((candidate) => candidate.name === name)!;
    return randomParameter(name, elementCount(value.type.shape));
  };
  const compiled = await compile(gpu, graph, { parameter });
  expect(compiled.memory.activationBytes).toBe(plan.peakBytes);
  const planned = await compiled.run({ image: { shape: input!.type.shape, data: image } });
  await compiled.dispose();

  const known = await runApart(graph, image);
  const expected = [...known].find(([value]) => value.name === output!.name)![1];
  expect(expected.some((value) => value !== 0 && Number.isFinite(value))).toBe(true);
  expect(new Uint32Array(planned.logits!.data.buffer)).toEqual(new Uint32Array(expected.buffer));
  return { run, plan };
}

test("MSFF-ResNet18, with values behind others in their buffer", async () => {
  const options = msffResNet18.options({ width: 1 / 16, pools: [2] }, "test");
  const { plan } = await compareApart(network((b, image) => msffResNet18.build(b, image, options).logits));
  const behind = [...plan.places.values()].filter(({ owner }) => plan.blocks.get(owner)!.offset > 0);
  expect(behind.length).toBeGreaterThan(3);
}, 300_000);

test("ResNet-18's encoder, with residuals that are overwritten", async () => {
  const { run, plan } = await compareApart(network((b, image) => resnet18(b, image, 1 / 8).layer4));
  expect(run.steps.filter((step) => step.node.epilogue.residual && plan.inPlace.has(step)).length).toBeGreaterThan(3);
}, 300_000);
