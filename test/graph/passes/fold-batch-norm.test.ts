// Batch norm folds into the convolution before it, unless somebody else reads what lies between.
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { countUses, createNode, type Graph, type Value } from "../../../src/graph/ir/graph.ts";
import { foldBatchNorm } from "../../../src/graph/passes/fold-batch-norm.ts";
import { conv2d, convTranspose2d } from "../../../src/ops/conv/conv2d.ts";
import { relu } from "../../../src/ops/elementwise/activations.ts";
import { add } from "../../../src/ops/elementwise/arithmetic.ts";
import { batchNorm } from "../../../src/ops/norm/batch-norm.ts";
import { type Epilogue, noEpilogue } from "../../../src/ops/operator.ts";
import { countConvolutions, expectSame, linesOf, randomGraphs, runningNodes } from "../../support/check-pass.ts";

const isFixed = ({ kind }: Value) => kind === "parameter" || kind === "constant";

/** Normalizations whose convolution could still take them. */
function left(graph: Graph): string[] {
  const uses = countUses(graph);
  const fits = graph.nodes.filter(({ operator, inputs: [x, ...statistics] }) => {
    const producer = x?.producer;
    const scale = producer?.operator.channelScale?.(producer.attrs);
    if (!operator.fold || !producer || !scale || uses.get(x) !== 1) return false;
    return [...producer.inputs.slice(1), ...statistics].every(isFixed);
  });
  return fits.map(({ name }) => name);
}

test("random graphs compute what they did, in no more nodes of every run, and nothing is left to fold", () => {
  for (const [seed, graph] of randomGraphs(150)) {
    const folded = foldBatchNorm(graph);
    expectSame(graph, folded);
    expect(left(folded), seed).toEqual([]);
    expect(countConvolutions(folded), seed).toBe(countConvolutions(graph));
    expect(runningNodes(folded).length, seed).toBeLessThanOrEqual(runningNodes(graph).length);
  }
});

const norm = (b: GraphBuilder, x: Value, name = "norm") => {
  const statistics = ["gamma", "beta", "mean", "running_var"].map((field) => b.parameter(`${name}.${field}`, [4]));
  return b.apply(batchNorm, [x, ...statistics], {}, { name });
};

/** A convolution of x [2, 4, 5, 6] to the same shape, then what `build` makes of both. */
function after(
  build: (b: GraphBuilder, y: Value, x: Value) => Readonly<Record<string, Value>>,
  { bias = false, weight }: { bias?: boolean; weight?: (b: GraphBuilder) => Value } = {},
): string[] {
  const b = new GraphBuilder();
  const x = b.input("x", [2, 4, 5, 6]);
  const w = weight?.(b) ?? b.parameter("w", [4, 4, 3, 3]);
  const options = { name: "conv", ...(bias && { bias: b.parameter("bias", [4]) }) };
  const y = b.apply(conv2d, [x, w], { padding: 1 }, options);
  for (const [name, value] of Object.entries(build(b, y, x))) b.output(name, value);
  const graph = b.build();
  const folded = foldBatchNorm(graph);
  expectSame(graph, folded);
  return linesOf(folded);
}

const statisticsOf = (name: string) => `${name}.gamma, ${name}.beta, ${name}.mean, ${name}.running_var`;
const apart = ["conv = conv2d(x, w)", `norm = batchNorm(conv, ${statisticsOf("norm")})`];

describe("folds", () => {
  test("into a convolution, which gets a bias if it has none", () => {
    expect(after((b, y) => ({ out: norm(b, y) }))).toEqual([
      `w:folded, norm.bias:folded = foldBatchNorm(w, ${statisticsOf("norm")})`,
      "norm = conv2d(x, w:folded, norm.bias:folded) + bias",
    ]);
    expect(after((b, y) => ({ out: norm(b, y) }), { bias: true })).toEqual([
      `w:folded, norm.bias:folded = foldBatchNorm(w, bias, ${statisticsOf("norm")})`,
      "norm = conv2d(x, w:folded, norm.bias:folded) + bias",
    ]);
  });

  test("into one of two convolutions that share a weight, which the other keeps", () => {
    expect(
      after((b, y, x) => {
        const other = b.apply(conv2d, [x, b.parameter("w", [4, 4, 3, 3])], { padding: 1 }, { name: "other" });
        return { out: norm(b, y), other };
      }),
    ).toEqual([
      "other = conv2d(x, w)",
      `w:folded, norm.bias:folded = foldBatchNorm(w, ${statisticsOf("norm")})`,
      "norm = conv2d(x, w:folded, norm.bias:folded) + bias",
    ]);
  });

  test("into transposed convolutions of one group alone", () => {
    const transposed = (groups: number) =>
      after((b, _, x) => {
        const w = b.parameter("v", [4, 4 / groups, 2, 2]);
        return { out: norm(b, b.apply(convTranspose2d, [x, w], { stride: 2, groups }, { name: "up" })) };
      });
    expect(transposed(1).at(-1)).toBe("norm = convTranspose2d(x, v:folded, norm.bias:folded) + bias");
    expect(transposed(2)).toEqual(["up = convTranspose2d(x, v)", `norm = batchNorm(up, ${statisticsOf("norm")})`]);
  });

  test("once: the second normalization in a row stays", () => {
    expect(after((b, y) => ({ out: norm(b, norm(b, y), "second") }))).toEqual([
      `w:folded, norm.bias:folded = foldBatchNorm(w, ${statisticsOf("norm")})`,
      "norm = conv2d(x, w:folded, norm.bias:folded) + bias",
      `second = batchNorm(norm, ${statisticsOf("second")})`,
    ]);
  });
});

describe("stays apart", () => {
  test("where the convolution is an output of the graph", () => {
    expect(after((b, y) => ({ between: y, out: norm(b, y) }))).toEqual(apart);
  });

  test("where another node reads the convolution", () => {
    expect(after((b, y) => ({ out: norm(b, y), other: b.apply(relu, [y], {}, { name: "relu" }) }))).toEqual([
      ...apart,
      "relu = relu(conv)",
    ]);
    expect(after((b, y) => ({ out: b.apply(add, [norm(b, y), y], {}, { name: "sum" }) }))).toEqual([
      ...apart,
      "sum = add(norm, conv)",
    ]);
    expect(after((b, y) => ({ one: norm(b, y), two: norm(b, y, "two") }))).toEqual([
      ...apart,
      `two = batchNorm(conv, ${statisticsOf("two")})`,
    ]);
  });

  test("where something lies between", () => {
    const lines = after((b, y) => ({ out: norm(b, b.apply(relu, [y], {}, { name: "relu" })) }));
    expect(lines.at(-1)).toBe(`norm = batchNorm(relu, ${statisticsOf("norm")})`);
  });

  test("where weight or statistics come with every run", () => {
    const weight = (b: GraphBuilder) => b.input("w", [4, 4, 3, 3]);
    expect(after((b, y) => ({ out: norm(b, y) }), { weight })).toEqual(apart);
    expect(
      after((b, y) => {
        const statistics = ["gamma", "beta", "mean"].map((field) => b.parameter(`norm.${field}`, [4]));
        const variance = b.input("norm.running_var", [4]);
        return { out: b.apply(batchNorm, [y, ...statistics, variance], {}, { name: "norm" }) };
      }),
    ).toEqual(apart);
  });
});

/** The graph of two nodes with an epilogue in the first; a residual is x. */
function joined({ nodes: [conv, next], ...graph }: Graph, epilogue: Partial<Epilogue>, x: Value): Graph {
  const inputs = [...conv!.inputs, ...(epilogue.residual ? [x] : [])];
  const made = createNode(conv!.operator, inputs, conv!.attrs, {
    name: conv!.name,
    epilogue: { ...noEpilogue, ...epilogue },
  });
  const last = createNode(next!.operator, [made.outputs[0]!, ...next!.inputs.slice(1)], next!.attrs, next!);
  return { ...graph, nodes: [made, last], outputs: new Map([["out", last.outputs[0]!]]) };
}

test("an activation or a residual that has joined the convolution already comes before the normalization", () => {
  for (const epilogue of [{ activation: { kind: "relu" } as const }, { residual: true }]) {
    const b = new GraphBuilder();
    const x = b.input("x", [2, 4, 5, 6]);
    const y = b.apply(conv2d, [x, b.parameter("w", [4, 4, 3, 3])], { padding: 1 }, { name: "conv" });
    b.output("out", norm(b, y));
    const graph = joined(b.build(), epilogue, x);
    const folded = foldBatchNorm(graph);
    expectSame(graph, folded);
    expect(linesOf(folded)).toEqual(linesOf(graph));
  }
});
