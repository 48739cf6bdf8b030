// Residuals and activations join the convolution before them, unless somebody else reads what lies between.
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { countUses, type Graph, type Value } from "../../../src/graph/ir/graph.ts";
import { fuseEpilogues } from "../../../src/graph/passes/fuse-epilogues.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { relu, sigmoid } from "../../../src/ops/elementwise/activations.ts";
import { add, mul } from "../../../src/ops/elementwise/arithmetic.ts";
import { shapesEqual } from "../../../src/tensor.ts";
import { countConvolutions, expectSame, linesOf, randomGraphs } from "../../support/check-pass.ts";

/** What an activation or a sum could still join. */
function left(graph: Graph): string[] {
  const uses = countUses(graph);
  const open = (value: Value | undefined) => {
    const producer = value && uses.get(value) === 1 ? value.producer : undefined;
    return producer?.operator.epilogue && producer.epilogue.activation.kind === "none" ? producer : undefined;
  };
  const fits = graph.nodes.filter(({ operator, attrs, inputs: [a, b], outputs }) => {
    if (operator.activation?.(attrs)) return open(a) !== undefined;
    if (!operator.residual) return false;
    const canHold = (value: Value | undefined) =>
      open(value)?.epilogue.residual === false && shapesEqual(value!.type.shape, outputs[0]!.type.shape);
    const areAlike = shapesEqual(a!.type.shape, b!.type.shape);
    return areAlike && (canHold(a) || canHold(b));
  });
  return fits.map(({ name }) => name);
}

test("random graphs compute what they did, and nothing is left to fuse", () => {
  for (const [seed, graph] of randomGraphs(150)) {
    const fused = fuseEpilogues(graph);
    expectSame(graph, fused);
    expect(left(fused), seed).toEqual([]);
    expect(countConvolutions(fused), seed).toBe(countConvolutions(graph));
  }
});

/** A convolution of x [1, 4, 5, 6] to the same shape, then what `build` makes of both. */
function after(build: (b: GraphBuilder, y: Value, x: Value) => Readonly<Record<string, Value>>): string[] {
  const b = new GraphBuilder();
  const x = b.input("x", [1, 4, 5, 6]);
  const bias = b.parameter("bias", [4]);
  const y = b.apply(conv2d, [x, b.parameter("w", [4, 4, 3, 3])], { padding: 1 }, { name: "conv", bias });
  for (const [name, value] of Object.entries(build(b, y, x))) b.output(name, value);
  const graph = b.build();
  const fused = fuseEpilogues(graph);
  expectSame(graph, fused);
  return linesOf(fused);
}

const named = (name: string) => ({ name });

test("bias, residual and activation become one node, by the name of the last", () => {
  expect(
    after((b, y, x) => ({ out: b.apply(relu, [b.apply(add, [x, y], {}, named("sum"))], {}, named("relu")) })),
  ).toEqual(["relu = conv2d(x, w, bias, x) + bias + residual + relu"]);
});

test("what two nodes read stays", () => {
  expect(
    after((b, y) => {
      const one = b.apply(relu, [y], {}, named("relu"));
      return { out: b.apply(mul, [one, b.apply(sigmoid, [y], {}, named("sigmoid"))], {}, named("product")) };
    }),
  ).toEqual([
    "conv = conv2d(x, w, bias) + bias",
    "relu = relu(conv)",
    "sigmoid = sigmoid(conv)",
    "product = mul(relu, sigmoid)",
  ]);
});

test("what one node reads twice stays", () => {
  expect(after((b, y) => ({ out: b.apply(add, [y, y], {}, named("sum")) }))).toEqual([
    "conv = conv2d(x, w, bias) + bias",
    "sum = add(conv, conv)",
  ]);
});

test("an output of the graph stays, and so does a sum that is one", () => {
  expect(after((b, y) => ({ between: y, out: b.apply(relu, [y], {}, named("relu")) }))).toEqual([
    "conv = conv2d(x, w, bias) + bias",
    "relu = relu(conv)",
  ]);
  expect(
    after((b, y, x) => {
      const between = b.apply(add, [y, x], {}, named("sum"));
      return { between, out: b.apply(relu, [between], {}, named("relu")) };
    }),
  ).toEqual(["sum = conv2d(x, w, bias, x) + bias + residual", "relu = relu(sum)"]);
});

test("a residual that two sums share joins both, each its own", () => {
  expect(
    after((b, y, x) => {
      const weight = b.parameter("v", [4, 4, 1, 1]);
      const first = b.apply(add, [y, x], {}, named("first"));
      const next = b.apply(conv2d, [first, weight], {}, named("next"));
      return { out: b.apply(add, [x, next], {}, named("second")) };
    }),
  ).toEqual(["first = conv2d(x, w, bias, x) + bias + residual", "second = conv2d(first, v, x) + residual"]);
});

test("of two convolutions that are added up, one takes the other; a second sum stays", () => {
  expect(
    after((b, y, x) => {
      const other = b.apply(conv2d, [x, b.parameter("v", [4, 4, 1, 1])], {}, named("other"));
      const sum = b.apply(add, [y, other], {}, named("sum"));
      return { out: b.apply(add, [sum, x], {}, named("again")) };
    }),
  ).toEqual(["other = conv2d(x, v)", "sum = conv2d(x, w, bias, other) + bias + residual", "again = add(sum, x)"]);
});

test("nothing joins behind an activation", () => {
  expect(
    after((b, y, x) => {
      const activated = b.apply(relu, [y], {}, named("relu"));
      const sum = b.apply(add, [activated, x], {}, named("sum"));
      return { out: b.apply(sigmoid, [sum], {}, named("sigmoid")) };
    }),
  ).toEqual(["relu = conv2d(x, w, bias) + bias + relu", "sum = add(relu, x)", "sigmoid = sigmoid(sum)"]);
});

test("a residual of another shape is no residual", () => {
  for (const shape of [[1], [4, 1, 1], [3, 4, 5, 6]]) {
    expect(after((b, y) => ({ out: b.apply(add, [y, b.parameter("r", shape)], {}, named("sum")) }))).toEqual([
      "conv = conv2d(x, w, bias) + bias",
      "sum = add(conv, r)",
    ]);
  }
});

test("a residual that is computed behind the convolution stands before what it joins", () => {
  expect(
    after((b, y, x) => ({ out: b.apply(add, [y, b.apply(sigmoid, [x], {}, named("late"))], {}, named("sum")) })),
  ).toEqual(["late = sigmoid(x)", "sum = conv2d(x, w, bias, late) + bias + residual"]);
});
