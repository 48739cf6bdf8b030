// Nodes of a file stand in any order.
import { expect, test } from "vitest";
import { importOnnx } from "../../../src/formats/onnx/index.ts";
import { createRandom } from "../../support/random.ts";
import { buildModel, dataType, floats, type NodeFields, node } from "./build.ts";

async function imported(nodes: readonly NodeFields[], outputs: readonly string[]) {
  const initializers = [{ ...floats("flag", [1]), data_type: dataType.bool, raw_data: Uint8Array.of(1) }];
  return importOnnx(buildModel({ nodes, outputs, initializers }));
}

const neg: NodeFields = { op: "Neg", name: "a", inputs: ["x"] };
const relu: NodeFields = { op: "Relu", name: "y", inputs: ["a"] };

test("a node may stand before what it reads; layers come in the order of computation", async () => {
  const { graph, layers } = await imported([relu, neg], ["y"]);
  expect(graph.nodes.map(({ operator }) => operator.name)).toEqual(["neg", "relu"]);
  expect(layers.map(({ name }) => name)).toEqual(["a", "y"]);
});

test("what is sorted keeps its order", async () => {
  const nodes: NodeFields[] = [
    { op: "Neg", name: "b", inputs: ["x"] },
    { op: "Abs", name: "c", inputs: ["x"] },
    { op: "Add", name: "y", inputs: ["c", "b"] },
  ];
  const { layers } = await imported(nodes, ["y"]);
  expect(layers.map(({ name }) => name)).toEqual(["b", "c", "y"]);
});

test("branches read nodes that stand later, and are sorted themselves", async () => {
  const inner: NodeFields[] = [
    { op: "Relu", name: "out", inputs: ["in"] },
    { op: "Abs", name: "in", inputs: ["a"] },
  ];
  const branch = { graph: { node: inner.map(node), output: [{ name: "out" }] } };
  const choice: NodeFields = {
    op: "If",
    name: "y",
    inputs: ["flag"],
    attributes: { then_branch: branch, else_branch: branch },
  };
  const { graph } = await imported([choice, neg], ["y"]);
  expect(graph.nodes.map(({ operator }) => operator.name)).toEqual(["neg", "abs", "relu"]);
});

test("a node that reads itself is a circle", async () => {
  const importing = imported([neg, { op: "Add", name: "y", inputs: ["a", "y"] }], ["y"]);
  await expect(importing).rejects.toThrow(/in a circle: "y"$/);
});

test("a chain of 20,000 nodes, backwards and shuffled", async () => {
  const count = 20_000;
  const chain = Array.from({ length: count }, (_, i): NodeFields => {
    return { op: "Neg", name: `n${i}`, inputs: [i === 0 ? "x" : `n${i - 1}`] };
  });
  const random = createRandom(1);
  const keys = new Map(chain.map((link) => [link, random()]));
  const shuffled = chain.toSorted((a, b) => keys.get(a)! - keys.get(b)!);
  for (const nodes of [chain.toReversed(), shuffled]) {
    const { layers } = await imported(nodes, [`n${count - 1}`]);
    expect(layers.map(({ name }) => name)).toEqual(chain.map(({ name }) => name));
  }
});
