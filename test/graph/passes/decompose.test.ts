// A decomposition's parts compute what its node did, stand in its place, and end in its name.
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Value } from "../../../src/graph/ir/graph.ts";
import { decompose } from "../../../src/graph/passes/decompose.ts";
import { fuseEpilogues } from "../../../src/graph/passes/fuse-epilogues.ts";
import { candidates, isKernel } from "../../../src/graph/plan/choose.ts";
import { wholeCall } from "../../../src/graph/plan/lower.ts";
import { defaultTraits } from "../../../src/models/inspect.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { relu } from "../../../src/ops/elementwise/activations.ts";
import { add } from "../../../src/ops/elementwise/arithmetic.ts";
import { neg } from "../../../src/ops/elementwise/unary.ts";
import { groupNorm, instanceNorm } from "../../../src/ops/norm/normalization.ts";
import type { Decomposition, Operator } from "../../../src/ops/operator.ts";
import { allSuites } from "../../support/all-suites.ts";
import { caseGraph } from "../../support/case-graph.ts";
import { expectSame, linesOf, randomGraphs } from "../../support/check-pass.ts";
import { createData, inputSpec, type OperatorCase } from "../../support/operator-cases.ts";
import { createRandom } from "../../support/random.ts";

const suites = await allSuites();

/** Large enough for what no other case is. */
const large: readonly (readonly [Operator, OperatorCase<object>])[] = [
  [
    conv2d,
    {
      why: "many channels",
      inputs: [
        [1, 512, 3, 3],
        [8, 512, 1, 1],
      ],
      given: {},
      epilogue: { bias: true },
    },
  ],
  [groupNorm, { why: "long rows", inputs: [[1, 4, 128, 160], [4], [4]], given: { groups: 2 } }],
  [instanceNorm, { why: "long rows", inputs: [[2, 2, 256, 130]], given: {} }],
];

/** Of each decomposition; more take long. */
const mostCases = 3;

test("every decomposition computes what its operator does, on the first cases to which it applies", () => {
  const tried = new Map<string, number>();
  const others = suites.flatMap(({ operator, cases }) => cases.map((entry) => [operator, entry] as const));
  for (const [operator, entry] of [...large, ...others]) {
    if (operator.decompositions) {
      const graph = caseGraph(operator, entry);
      const [node] = graph.nodes;
      const numbers = entry.inputs.map((input, i) => createData(inputSpec(input), createRandom(i)));
      const give = ({ name, type }: Value) => {
        const data = numbers[Number(name)] ?? createData({ shape: type.shape }, createRandom(Number(name)));
        return Float64Array.from(data);
      };
      for (const { name } of candidates(node!, wholeCall(node!), defaultTraits).filter((one) => !isKernel(one))) {
        if (tried.get(name) === mostCases) continue;
        const parts = decompose(graph, defaultTraits, (part) =>
          part.operator === operator && part.name === "node" ? name : undefined,
        );
        expectSame(graph, parts, { give, tolerance: 1e-9 });
        expect(parts.nodes.length, `${name}: ${entry.why}`).toBeGreaterThan(1);
        expect(parts.nodes.at(-1)!.name).toBe("node");
        for (const part of parts.nodes.slice(0, -1)) expect(part.name).toMatch(/^node:/);
        tried.set(name, (tried.get(name) ?? 0) + 1);
      }
    }
  }
  const all = new Set(suites.flatMap(({ operator }) => operator.decompositions?.map(({ name }) => name) ?? []));
  expect([...all].filter((name) => !tried.has(name))).toEqual([]);
});

test("random graphs compute what they did, each node by whichever decomposition applies", () => {
  let taken = 0;
  for (const [seed, graph] of randomGraphs(60)) {
    const random = createRandom(Number(seed.slice(5)));
    const fused = fuseEpilogues(graph);
    const names = new Set(fused.nodes.map(({ name }) => name));
    const parts = decompose(fused, defaultTraits, (node, call) => {
      const possible = candidates(node, call, defaultTraits);
      const others = names.has(node.name) ? possible.filter((one) => !isKernel(one)) : [];
      const chosen = others[Math.floor(random() * others.length)];
      if (chosen) taken++;
      return chosen?.name ?? possible.findLast(isKernel)!.name;
    });
    expectSame(fused, parts, { tolerance: 1e-9 });
    expect(
      parts.nodes.map(({ name }) => name).filter((name) => names.has(name)),
      seed,
    ).toEqual([...names]);
  }
  expect(taken).toBeGreaterThan(50);
});

/** An operator like `like` that is always decomposed. */
function decomposed(like: Operator, build: Decomposition["build"]): Operator {
  const name = `${like.name}/planted`;
  const { decompositions: _, ...rest } = like;
  return { ...rest, decompositions: [{ name, applies: () => true, build }], prefer: () => name };
}

const named = (name: string) => ({ name });

test("parts are decomposed in turn, and the last one goes by the node's name", () => {
  const inner = decomposed(neg, ({ inputs, apply }) =>
    apply("outer", neg, [apply("inner", neg, [apply("first", neg, inputs, {})], {})], {}),
  );
  const outer = decomposed(relu, ({ inputs, apply }) => apply("end", relu, [apply("twice", inner, inputs, {})], {}));
  const b = new GraphBuilder();
  const y = b.apply(outer, [b.input("x", [4])], {}, named("y"));
  b.output("y", y);
  b.output("z", b.apply(relu, [y], {}, named("z")));
  const parts = decompose(b.build(), defaultTraits);
  expect(linesOf(parts)).toEqual([
    "y:twice:first = neg(x)",
    "y:twice:inner = neg(y:twice:first)",
    "y:twice = neg(y:twice:inner)",
    "y = relu(y:twice)",
    "z = relu(y)",
  ]);
});

test("a part that is not the last may be the result, and a part that nothing needs goes", () => {
  const early = decomposed(neg, ({ inputs, apply }) => {
    const result = apply("result", neg, inputs, {});
    apply("spare", relu, [result], {});
    return result;
  });
  const b = new GraphBuilder();
  b.output("y", b.apply(early, [b.input("x", [4])], {}, named("y")));
  expect(linesOf(decompose(b.build(), defaultTraits))).toEqual(["y = neg(x)"]);
});

test("bias, residual and activation go where the decomposition puts them", () => {
  const b = new GraphBuilder();
  const x = b.input("x", [1, 32, 8, 8]);
  const bias = b.parameter("bias", [16]);
  const y = b.apply(conv2d, [x, b.parameter("w", [16, 32, 3, 3])], { padding: 1 }, { name: "conv", bias });
  b.output("y", b.apply(relu, [b.apply(add, [y, b.input("r", y.type.shape)], {}, named("sum"))], {}, named("y")));
  const fused = fuseEpilogues(b.build());
  const split = decompose(fused, defaultTraits, ({ name, operator }) =>
    name === "y" && operator === conv2d ? "conv2d/split2" : undefined,
  );
  expectSame(fused, split);
  expect(linesOf(split)).toEqual([
    "y:split = reshape(w)",
    "y:regrouped = transpose(y:split)",
    "y:weight = reshape(y:regrouped)",
    "y:parts = conv2d(x, y:weight)",
    "y = sumParts(y:parts, bias, r) + bias + residual + relu",
  ]);
});

test("a name that does not apply is refused with what does", () => {
  const b = new GraphBuilder();
  const x = b.input("x", [1, 3, 8, 8]);
  b.output("y", b.apply(conv2d, [x, b.parameter("w", [16, 3, 1, 1])], {}, named("conv")));
  expect(() => decompose(b.build(), defaultTraits, () => "conv2d/winograd4")).toThrow(
    /^node conv: conv2d: conv2d\/winograd4 does not apply, expected one of what applies: conv2d\/direct, /,
  );
});
