// Gradient kernels of the bench: the nodes that differentiation appends, alone, and compared before they are timed.
import { afterAll, beforeAll, expect, test } from "vitest";
import { convGradientCases, type GradientCase, gradientCases } from "../../bench/gradients.ts";
import { measureGradient } from "../../bench/measure-gradient.ts";
import { parseConv } from "../../bench/shape.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import type { Graph } from "../../src/graph/ir/graph.ts";
import { createNode } from "../../src/graph/ir/graph.ts";
import { rewrite } from "../../src/graph/passes/rewrite.ts";
import { openTestGpu } from "../support/gpu.ts";
import { peaks } from "./record.ts";

let gpu: Gpu;

beforeAll(async () => {
  gpu = await openTestGpu();
});

afterAll(async () => {
  await gpu?.dispose();
});

const options = { rounds: 1, peers: [], peaks };
const named = (cases: readonly GradientCase[], text: string) => cases.find(({ name }) => name.includes(text))!;

test("a convolution has three", () => {
  const cases = convGradientCases(parseConv("1,4,9,9 k3 c8 s2 p1"));
  const operators = cases.map(({ graph }) => graph.nodes.map(({ operator }) => operator.name));
  expect(operators).toEqual([["convTranspose2d"], ["convWeightGradient"], ["sum"]]);
  expect(cases.map(({ name }) => name)[1]).toBe("conv 3x3 4->8 9x9 s2, weight gradient");
  // gy is [1, 8, 5, 5]: each of its elements by each weight that it came from.
  expect(cases[1]!.flop).toBe(2 * 8 * 5 * 5 * 4 * 9);
});

test("nothing of the forward pass is in them but what is named so", () => {
  for (const { name, graph } of gradientCases()) {
    if (!name.endsWith("gradient")) continue;
    expect(graph.nodes.length, name).toBeGreaterThan(0);
    expect(
      graph.nodes.every((node) => node.name.startsWith("grad:")),
      name,
    ).toBe(true);
    expect(
      graph.inputs.map((input) => input.name),
      name,
    ).toEqual(["gy"]);
  }
});

test.each(["input", "weight", "bias"])("the %s gradient is checked and measured", async (wanted) => {
  const entry = named(convGradientCases(parseConv("2,4,9,9 k3 c8")), wanted);
  const { row } = await measureGradient(gpu, entry, options);
  expect(row.problem).toBeUndefined();
  expect([row.suite, row.peers, row.ratio]).toEqual(["gradients", {}, null]);
  expect(row.ours.medianMs).toBeGreaterThan(0);
});

test("a gradient gets what the forward pass left: the indices of a max pool", async () => {
  const entry = named(gradientCases(), "max pool");
  expect([...entry.forward.outputs.values()].map(({ type }) => type.dtype)).toEqual(["i32"]);
  const { row } = await measureGradient(gpu, entry, options);
  expect(row.problem).toBeUndefined();
});

test("a kernel that differs from the reference is a problem", async () => {
  const entry = named(convGradientCases(parseConv("2,4,9,9 k3 c8")), "weight");
  const { row } = await measureGradient(gpu, { ...entry, graph: withIdleReference(entry.graph) }, options);
  expect(row.problem).toContain("from the reference kernels");
});

/** A reference kernel that writes nothing. */
function withIdleReference(graph: Graph): Graph {
  return rewrite(graph, (node, { value, emit }) => {
    const [reference, ...others] = node.operator.kernels;
    const idle = { ...reference!, dispatches: () => [] };
    const operator = { ...node.operator, kernels: [idle, ...others] };
    return emit(createNode(operator, node.inputs.map(value), node.attrs, { name: node.name, epilogue: node.epilogue }));
  });
}
