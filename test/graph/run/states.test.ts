// States: what a graph keeps from one run to the next, what updates it in place, and what is packed into it.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packedWord } from "../../../shaders/wgsl/packed.ts";
import { ShapeError, UsageError } from "../../../src/errors.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph, Value } from "../../../src/graph/ir/graph.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import type { CompiledGraph } from "../../../src/graph/run/compiled-graph.ts";
import { add, conv2d, mul, neg, reshape } from "../../../src/ops/index.ts";
import { pack, packedLayout, unpack } from "../../../src/ops/optimize/packed.ts";
import { runningUpdate } from "../../../src/ops/optimize/updates.ts";
import { elementCount, type Shape } from "../../../src/tensor.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { createRandom, uniform } from "../../support/random.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

const size = 128;
const row = (value: number, count = size) => new Float32Array(count).fill(value);

/** state = state + (1 * x - state) / 2, as a node of its own. */
function halfway(b: GraphBuilder, state: Value, x: Value, name = "update"): Value {
  const blocks = b.constant("blocks", { shape: [1], data: Uint32Array.of(packedWord(size, 0)) });
  const factors = b.constant("factors", { shape: [1], data: Float32Array.of(1) });
  return b.apply(runningUpdate, [state, x, blocks, factors], { momentum: 0.5 }, { name });
}

function withGraph<T>(
  graph: Graph,
  use: (compiled: CompiledGraph) => Promise<T>,
  first: Float32Array = row(8),
): Promise<T> {
  return compile(gpu, graph, { parameter: async () => first }).then((compiled) =>
    use(compiled).finally(() => compiled.dispose()),
  );
}

const xOf = (value: number) => ({ x: { shape: [size], data: row(value) } });

function runningMean(): Graph {
  const b = new GraphBuilder();
  const state = b.state("mean", [size]);
  const x = b.input("x", [size]);
  b.output("twice", b.apply(add, [state, state], {}));
  const updated = halfway(b, state, x);
  b.output("flat", b.apply(reshape, [updated], { shape: [2, 64] }));
  b.output("negative", b.apply(neg, [b.apply(reshape, [updated], { shape: [4, 32] })], {}));
  return b.build();
}

describe("a state", () => {
  test("survives runs; nodes before its update see it as it was, its output as it becomes", () =>
    withGraph(runningMean(), async (compiled) => {
      for (const [before, after] of [
        [8, 4],
        [4, 2],
        [2, 1],
      ] as const) {
        const { twice, flat, negative } = await compiled.run(xOf(0));
        expect([twice!.data, flat!.data]).toEqual([row(2 * before), row(after)]);
        expect(negative!.data).toEqual(row(-after));
      }
      expect(compiled.steps.map(({ kernel }) => kernel).filter((kernel) => /copy/.test(kernel))).toEqual([]);
    }));

  test("is read and written in the order of the calls", () =>
    withGraph(runningMean(), async (compiled) => {
      const writing = (value: number) => compiled.writeState("mean", { shape: [size], data: row(value) });
      const [, first, , second, , , third] = await Promise.all([
        compiled.run(xOf(0)),
        compiled.readState("mean"),
        writing(32),
        compiled.readState("mean"),
        compiled.run(xOf(0)),
        compiled.run(xOf(8)),
        compiled.readState("mean"),
      ]);
      expect([first, second, third].map(({ data }) => data)).toEqual([row(4), row(32), row(12)]);
    }));

  test("that does not exist or fit is named", () =>
    withGraph(runningMean(), async (compiled) => {
      await expect(compiled.readState("variance")).rejects.toThrow(new UsageError('unknown state "variance"'));
      await expect(compiled.writeState("mean", { shape: [2, 64], data: row(1) })).rejects.toThrow(
        new ShapeError('state "mean": got shape [2, 64], expected [128]'),
      );
    }));

  test("that nobody updates is no place for a sum that it goes into", async () => {
    const b = new GraphBuilder();
    const x = b.input("x", [1, 2, 8, 8]);
    const offset = b.state("offset", [1, 2, 8, 8]);
    const weight = b.constant("weight", { shape: [2, 2, 1, 1], data: Float32Array.of(1, 0, 0, 1) });
    b.output("y", b.apply(neg, [b.apply(add, [b.apply(conv2d, [x, weight], {}), offset], {})], {}));
    await withGraph(b.build(), async (compiled) => {
      for (let i = 0; i < 2; i++) {
        const { y } = await compiled.run({ x: { shape: [1, 2, 8, 8], data: row(1) } });
        expect(y!.data).toEqual(row(-9));
      }
    });
  });
});

describe("refused before anything is compiled:", () => {
  const refuse = (build: (b: GraphBuilder, state: Value, x: Value) => void, message: string) => {
    const b = new GraphBuilder();
    build(b, b.state("mean", [size]), b.input("x", [size]));
    return expect(compile(gpu, b.build(), { parameter: async () => row(1) })).rejects.toThrow(new UsageError(message));
  };
  const expected = "reads state mean after node update updates it, expected its output or an earlier node";

  test("reading a state after its update", () =>
    refuse((b, state, x) => {
      halfway(b, state, x);
      b.output("y", b.apply(neg, [state], {}, { name: "late" }));
    }, `node late: ${expected}`));

  test("reading a part of it then, also a part that was taken before", () =>
    refuse((b, state, x) => {
      const part = b.apply(reshape, [b.apply(unpack, [state], { offset: 0, shape: [64] })], { shape: [8, 8] });
      halfway(b, state, x);
      b.output("y", b.apply(mul, [part, part], {}, { name: "late" }));
    }, `node late: ${expected}`));

  test("a second update, and an output of what was before", async () => {
    await refuse((b, state, x) => {
      halfway(b, state, x);
      halfway(b, state, x, "again");
    }, `node again: ${expected}`);
    await refuse((b, state, x) => {
      halfway(b, state, x);
      b.output("before", state);
    }, `output before: ${expected}`);
  });

  test("an update of what is no state", () => {
    const b = new GraphBuilder();
    const x = b.input("x", [size]);
    expect(() => halfway(b, x, x)).toThrow(new UsageError("node update: updates x, which is no state"));
  });
});

describe("packed", () => {
  const shapes: readonly Shape[] = [[3], [2, 65], [128], [5, 5, 5]];
  const { offsets, elements } = packedLayout(shapes);
  const tensors = shapes.map((shape, i) => ({ shape, data: uniform(elementCount(shape), createRandom(i)) }));
  const given = Object.fromEntries(tensors.map((tensor, i) => [`x${i}`, tensor]));

  /** Inputs, or what `before` computes of them, packed; and parts of that, after `after`. */
  function roundTrip(before: (b: GraphBuilder, x: Value) => Value, after: (b: GraphBuilder, x: Value) => Value): Graph {
    const b = new GraphBuilder();
    const xs = shapes.map((shape, i) => before(b, b.input(`x${i}`, shape)));
    const packed = b.apply(pack, xs, {}, { name: "packed" });
    shapes.forEach((shape, i) => {
      b.output(`y${i}`, after(b, b.apply(unpack, [packed], { offset: offsets[i]!, shape }, { name: `part${i}` })));
    });
    return b.build();
  }

  const itself = (_: GraphBuilder, x: Value) => x;
  const negative = (b: GraphBuilder, x: Value) => b.apply(neg, [x], {});
  const copies = ({ steps }: CompiledGraph) => steps.filter(({ kernel }) => /^(pack|unpack|reshape)\//.test(kernel));

  test("inputs are copied, with whatever gaps", () =>
    withGraph(roundTrip(itself, itself), async (compiled) => {
      const results = await compiled.run(given);
      tensors.forEach(({ data }, i) => {
        expect(results[`y${i}`]!.data).toEqual(data);
      });
    }));

  for (const precision of ["f32", "f16"] as const) {
    test(`what is computed lies there from the beginning, reshaped or not, in ${precision}`, async ({ skip }) => {
      skip(precision === "f16" && !gpu.features.has("shader-f16"), "no shader-f16");
      const reshaped = (b: GraphBuilder, x: Value) =>
        b.apply(reshape, [negative(b, x)], { shape: [1, elementCount(x.type.shape)] });
      for (const before of [negative, reshaped]) {
        const parameter = () => Promise.reject(new Error("no parameters"));
        const compiled = await compile(gpu, roundTrip(before, negative), { parameter, precision });
        const results = await compiled.run(given).finally(() => compiled.dispose());
        expect(copies(compiled)).toEqual([]);
        tensors.forEach(({ data }, i) => {
          const off = results[`y${i}`]!.data.map((value, at) => Math.abs(value - data[at]!));
          expect(Math.max(...off)).toBeLessThanOrEqual(precision === "f32" ? 0 : 2 ** -11);
        });
      }
    });
  }

  test("a state's parts are read where they lie", async () => {
    const b = new GraphBuilder();
    const state = b.state("all", [elements]);
    shapes.forEach((shape, i) => {
      b.output(`y${i}`, negative(b, b.apply(unpack, [state], { offset: offsets[i]!, shape }, { name: `part${i}` })));
    });
    const first = uniform(elements, createRandom(9));
    await withGraph(
      b.build(),
      async (compiled) => {
        expect(copies(compiled)).toEqual([]);
        const results = await compiled.run({});
        shapes.forEach((shape, i) => {
          const part = first.slice(offsets[i]!, offsets[i]! + elementCount(shape));
          expect(results[`y${i}`]!.data).toEqual(part.map((value) => -value));
        });
      },
      first,
    );
  });
});
