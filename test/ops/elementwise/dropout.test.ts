import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { type DropoutGiven, dropout } from "../../../src/ops/elementwise/dropout.ts";
import type { Shape } from "../../../src/tensor.ts";
import { dropoutCases, keptElements } from "../../cases/elementwise/dropout.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { shareTestGpu } from "../../support/share-gpu.ts";
import { onShortGrid } from "../../support/short-grid.ts";

const sharedGpu = shareTestGpu();

checkOperator(dropoutCases);
checkOperator(onShortGrid(dropoutCases));

/** Runs dropout on ones: one compiled graph, for any seed and step. */
async function openOnes(shape: Shape, given: DropoutGiven) {
  const b = new GraphBuilder();
  const x = b.input("x", shape);
  b.output("y", b.apply(dropout, [x, b.input("draw", [2], "u32")], given));
  const compiled = await compile(sharedGpu(), b.build(), { parameter: async () => new Float32Array() });
  const ones = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1);
  return {
    run: async (seed: number, step: number) => {
      const draw = { shape: [2], data: Uint32Array.of(seed, step) };
      const { y } = await compiled.run({ x: { shape, data: ones }, draw });
      return y!.data;
    },
    dispose: () => compiled.dispose(),
  };
}

const share = (data: ArrayLike<number>) => Array.from(data).filter((value) => value !== 0).length / data.length;

/** Of two masks of this length, the share on which they agree has this deviation, were they independent. */
const agreement = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).filter((value, i) => (value === 0) === (b[i] === 0)).length / a.length;

test("the share that is kept is 1 - p over seeds and steps, and what is kept is scaled by 1 / (1 - p)", async () => {
  const shape = [4, 8, 16, 16];
  const ones = await openOnes(shape, { p: 0.2 });
  const shares: number[] = [];
  for (let seed = 0; seed < 40; seed++) {
    const y = await ones.run(seed, seed % 7);
    expect(new Set(y)).toEqual(new Set([0, 1.25]));
    shares.push(share(y));
  }
  // Of 8192 elements, a binomial share deviates by 0.00442; of 40 such, the mean by 0.0007.
  const deviation = Math.sqrt((0.2 * 0.8) / 8192);
  const mean = shares.reduce((a, b) => a + b) / shares.length;
  expect(Math.abs(mean - 0.8)).toBeLessThan((4 * deviation) / Math.sqrt(40));
  const spread = Math.sqrt(shares.reduce((sum, value) => sum + (value - 0.8) ** 2, 0) / 40);
  expect(spread / deviation).toBeGreaterThan(0.6);
  expect(spread / deviation).toBeLessThan(1.4);
  await ones.dispose();
});

test("seeds, steps and layers draw independently; the same ones draw the same bits", async () => {
  const shape = [1, 4, 64, 64];
  const [first, other] = [await openOnes(shape, {}), await openOnes(shape, { layer: 1 })];
  const base = await first.run(5, 9);
  expect(await first.run(5, 9)).toEqual(base);
  // Independent halves agree on half of 16384 elements, with a deviation of 0.0039.
  const others = [await first.run(6, 9), await first.run(5, 10), await first.run(9, 5), await other.run(5, 9)];
  for (const y of others) expect(Math.abs(agreement(base, y) - 0.5)).toBeLessThan(0.016);
  // Neighbours along each axis too.
  for (const distance of [1, 2, 64, 4096]) {
    const shifted = base.slice(distance);
    expect(Math.abs(agreement(base.slice(0, -distance), shifted) - 0.5), `${distance}`).toBeLessThan(0.02);
  }
  await Promise.all([first.dispose(), other.dispose()]);
});

test("more than 2^16 workgroups: the last elements are those of the reference", async () => {
  const shape = [1, 3, 1399, 1001];
  const elements = 3 * 1399 * 1001;
  expect(elements / 64).toBeGreaterThan(2 ** 16);
  const ones = await openOnes(shape, { p: 0.3 });
  const y = await ones.run(2, 3);
  const kept = keptElements(shape, [2, 3], { p: 0.3, spatial: false, layer: 0 });
  expect(kept.findIndex((value, i) => value !== (y[i] !== 0))).toBe(-1);
  expect(Math.abs(share(y) - 0.7)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / elements));
  await ones.dispose();
});

test("its gradient is dropout of gy by the same draw: the mask is nowhere stored", () => {
  const b = new GraphBuilder();
  const [x, draw, gradient] = [b.input("x", [2, 3]), b.input("draw", [2], "u32"), b.input("gy", [2, 3])];
  const given = { p: 0.25, layer: 3 };
  const value = b.apply(dropout, [x, draw], given, { name: "y" });
  const [gx] = b.gradients([{ value, gradient }], [x]);
  const { operator, inputs, attrs } = gx!.producer!;
  expect({ operator, inputs, attrs }).toEqual({
    operator: dropout,
    inputs: [gradient, draw],
    attrs: { p: 0.25, spatial: false, layer: 3 },
  });
});

test("rejects probabilities, layers, draws and shapes that are none", () => {
  const f32 = (...shape: number[]) => ({ shape, dtype: "f32" }) as const;
  const u32 = (...shape: number[]) => ({ shape, dtype: "u32" }) as const;
  const attrs = dropout.attributes({ spatial: true });
  expect(() => dropout.attributes({ p: 1 })).toThrow("dropout: p is 1, expected a number from 0 to below 1");
  expect(() => dropout.attributes({ p: Number.NaN })).toThrow("dropout: p is NaN, expected a number from 0 to below 1");
  expect(() => dropout.attributes({ layer: 0.5 })).toThrow(
    "dropout: layer is 0.5, expected a whole number from 0 to below 2^27",
  );
  expect(() => dropout.shape([f32(2, 3), f32(2)], attrs)).toThrow(
    "dropout: draw is f32 [2], expected u32 [2], a seed and a step",
  );
  expect(() => dropout.shape([f32(2, 3), u32(3)], attrs)).toThrow(
    "dropout: draw is u32 [3], expected u32 [2], a seed and a step",
  );
  expect(() => dropout.shape([f32(3), u32(2)], attrs)).toThrow("dropout: x has shape [3], expected [N, C, ...]");
  expect(() => dropout.shape([u32(2, 3), u32(2)], attrs)).toThrow("dropout: input 0 is u32, expected f32 or f16");
});
