// Every activation in the epilogue of a convolution, for one value and for four at once.
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Value } from "../../../src/graph/ir/graph.ts";
import { fuseEpilogues } from "../../../src/graph/passes/fuse-epilogues.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import type { Activation } from "../../../src/ops/elementwise/activation.ts";
import { clip, hardSwish } from "../../../src/ops/elementwise/activations.ts";
import { exp } from "../../../src/ops/elementwise/unary.ts";
import { conv2dCases } from "../../cases/conv/conv2d.ts";
import { checkOperator } from "../../support/check-operator.ts";

/** One of each; one that is missing does not compile. */
const activations: { readonly [K in Activation["kind"]]: Extract<Activation, { readonly kind: K }> } = {
  none: { kind: "none" },
  relu: { kind: "relu" },
  "leaky-relu": { kind: "leaky-relu", slope: 0.1 },
  sigmoid: { kind: "sigmoid" },
  tanh: { kind: "tanh" },
  silu: { kind: "silu" },
  "hard-swish": { kind: "hard-swish" },
  gelu: { kind: "gelu" },
  "gelu-tanh": { kind: "gelu-tanh" },
  elu: { kind: "elu", alpha: 0.75 },
  "hard-sigmoid": { kind: "hard-sigmoid", alpha: 0.2, beta: 0.5 },
  clip: { kind: "clip", min: 0, max: 6 },
};

checkOperator({
  ...conv2dCases,
  operator: {
    ...conv2d,
    name: "conv2d with activations",
    kernels: conv2d.kernels.filter(({ name }) => ["conv2d/direct", "conv2d/tiled-4x8"].includes(name)),
  },
  cases: Object.values(activations).map((activation) => ({
    why: activation.kind,
    inputs: [
      [1, 3, 4, 4],
      [4, 3, 1, 1],
    ],
    given: {},
    epilogue: { bias: true, activation },
  })),
});

test("activations join the convolution before them, other functions do not", () => {
  const b = new GraphBuilder();
  const layer = (name: string, x: Value) =>
    b.apply(conv2d, [x, b.parameter(`${name}.weight`, [2, 2, 1, 1])], {}, { name });
  const first = b.apply(hardSwish, [layer("conv0", b.input("x", [1, 2, 4, 4]))], {}, { name: "hardSwish" });
  const second = b.apply(clip, [layer("conv1", first)], { min: 0, max: 6 }, { name: "relu6" });
  b.output("y", b.apply(exp, [layer("conv2", second)], {}, { name: "exp" }));
  const { nodes } = fuseEpilogues(b.build());
  expect(nodes.map(({ name, operator }) => `${name}: ${operator.name}`)).toEqual([
    "hardSwish: conv2d",
    "relu6: conv2d",
    "conv2: conv2d",
    "exp: exp",
  ]);
  expect(nodes[1]?.epilogue.activation).toEqual({ kind: "clip", min: 0, max: 6 });
});
