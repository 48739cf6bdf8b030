// Gradients where the reference has no difference: ties, zeros, infinities, NaN. The values are PyTorch 2.13's, of the sum of the
// output, for each of the inputs in float64:
//     torch.autograd.grad(function(*inputs).sum(), inputs)
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { div, maximum, minimum, pow } from "../../src/ops/elementwise/arithmetic.ts";
import { prelu } from "../../src/ops/elementwise/prelu.ts";
import type { Operator } from "../../src/ops/operator.ts";
import { amax, amin, l2Norm, logSumExp, prod } from "../../src/ops/reduce/reductions.ts";
import { gridSample2d } from "../../src/ops/sample/grid-sample.ts";
import { openTestGpu } from "../support/gpu.ts";
import { firstDifference, type ListedTensor, runGradient } from "../support/run-gradient.ts";

const sampledPixels = [1, -2, 4, 3, 0, 2, 5, -1, 7, 6, -3, 8, 9, -4, 1, 0, 2, -6, 5, 3, 4, 1, -2, 6, -5];
/** (column, row): on pixels, between them, at the border and beyond. */
const placesOnPixels = [-0.5, 0.5, -1, 0.25, 1, -0.75, 1.5, 0, -1.25, -1, 0.125, 3, -3, 0.5, 0, 0];

const rows = [
  row(
    maximum,
    {},
    [
      { shape: [8], values: [2, -0, 3, NaN, 1, Infinity, Infinity, -1] },
      { shape: [8], values: [2, 0, 2, 1, NaN, Infinity, 1, 4] },
    ],
    [
      [0.5, 0.5, 1, 1, 1, 0.5, 1, 0],
      [0.5, 0.5, 0, 1, 1, 0.5, 0, 1],
    ],
  ),
  row(
    minimum,
    {},
    [
      { shape: [8], values: [2, -0, 3, NaN, 1, -Infinity, Infinity, -1] },
      { shape: [8], values: [2, 0, 2, 1, NaN, -Infinity, 1, 4] },
    ],
    [
      [0.5, 0.5, 0, 1, 1, 0.5, 0, 1],
      [0.5, 0.5, 1, 1, 1, 0.5, 1, 0],
    ],
  ),
  row(
    maximum,
    {},
    [
      { shape: [2, 2], values: [1, 2, 3, 1] },
      { shape: [2], values: [1, 3] },
    ],
    [
      [0.5, 0, 1, 0],
      [0.5, 2],
    ],
  ),
  row(
    pow,
    {},
    [
      { shape: [16], values: [0, 0, 0, 0, 0, 0, 5, -5, -2, -2, -2, -0.5, 1, NaN, 2, -0] },
      { shape: [16], values: [0, 1, 2, 3, 0.5, -1, 0, 0, 3, -1, 0.5, -0.25, NaN, 0, NaN, -2] },
    ],
    [
      [0, 1, 0, 0, Infinity, -Infinity, 0, 0, 12, -0.25, NaN, NaN, NaN, 0, NaN, Infinity],
      [0, 0, 0, 0, 0, -Infinity, 1.6094379, NaN, NaN, NaN, NaN, NaN, 0, NaN, NaN, -Infinity],
    ],
  ),
  row(
    prelu,
    {},
    [
      { shape: [6], values: [0, -0, 1, -1, NaN, -Infinity] },
      { shape: [1], values: [0.25] },
    ],
    [[0.25, 0.25, 1, 0.25, 0.25, 0.25], [NaN]],
  ),
  row(
    prod,
    { axes: [1] },
    [{ shape: [4, 3], values: [2, 3, 4, 2, 0, 4, 0, 3, 0, -1, -2, 0] }],
    [[12, 8, 6, 0, 8, 0, 0, 0, 0, -0, -0, 2]],
  ),
  row(
    amax,
    { axes: [1] },
    [{ shape: [5, 4], values: [2, 2, 1, 2, 1, 3, 3, 0, 0, -0, -1, -2, NaN, 1, 2, 3, Infinity, Infinity, 1, Infinity] }],
    [
      [
        0.33333333,
        0.33333333,
        0,
        0.33333333,
        0,
        0.5,
        0.5,
        0,
        0.5,
        0.5,
        0,
        0,
        NaN,
        NaN,
        NaN,
        NaN,
        0.33333333,
        0.33333333,
        0,
        0.33333333,
      ],
    ],
  ),
  row(
    amin,
    { axes: [0] },
    [{ shape: [3, 4], values: [2, 2, 1, 2, 1, 3, 3, 2, 0, -0, -1, 2] }],
    [[0, 0, 0, 0.33333333, 0, 0, 0, 0.33333333, 1, 1, 1, 0.33333333]],
  ),
  row(amax, {}, [{ shape: [2, 2], values: [2, 2, 1, 2] }], [[0.33333333, 0.33333333, 0, 0.33333333]]),
  row(
    l2Norm,
    { axes: [1] },
    [{ shape: [4, 3], values: [0, 0, 0, 3, 0, 4, 0, -2, 0, Infinity, 1, 2] }],
    [[0, 0, 0, 0.6, 0, 0.8, 0, -1, 0, NaN, 0, 0]],
  ),
  row(
    logSumExp,
    { axes: [1] },
    [
      {
        shape: [5, 3],
        values: [0, 0, 0, -Infinity, 1, 1, 1e30, 1, 2, -Infinity, -Infinity, -Infinity, Infinity, 1, 2],
      },
    ],
    [[0.33333333, 0.33333333, 0.33333333, 0, 0.5, 0.5, 1, 0, 0, NaN, NaN, NaN, NaN, 0, 0]],
  ),
  row(
    div,
    {},
    [
      { shape: [4], values: [1, 0, -1, 3] },
      { shape: [4], values: [0, 0, 2, Infinity] },
    ],
    [
      [Infinity, Infinity, 0.5, 0],
      [-Infinity, NaN, 0.25, -0],
    ],
  ),
  row(
    gridSample2d,
    { padding: "zeros", alignCorners: true },
    [
      { shape: [1, 1, 5, 5], values: sampledPixels },
      { shape: [1, 1, 8, 2], values: placesOnPixels },
    ],
    [
      [0.5, 0, 0, 0, 0.5, 0, 0, 0, 0, 0.5, 0.5, 0, 1, 0, 0, 0.5, 1, 0, 0, 0, 0, 0, 0, 0, 0],
      [-16, -2, 13, 6, -6, 12, 0, 0, 2, 1, 0, 0, 0, 0, -26, -30],
    ],
  ),
  row(
    gridSample2d,
    { padding: "border", alignCorners: true },
    [
      { shape: [1, 1, 5, 5], values: sampledPixels },
      { shape: [1, 1, 8, 2], values: placesOnPixels },
    ],
    [
      [1, 0, 0, 0, 0.5, 0, 0, 0, 0, 0.5, 0.5, 0, 1, 0, 1, 1.5, 1, 0, 0, 0, 0, 0, 0.75, 0.25, 0],
      [-16, -2, 0, 6, 0, 12, 0, 4, 0, 0, 16, 0, 0, 8, -26, -30],
    ],
  ),
  row(
    gridSample2d,
    { padding: "reflection", alignCorners: true },
    [
      { shape: [1, 1, 5, 5], values: sampledPixels },
      { shape: [1, 1, 8, 2], values: placesOnPixels },
    ],
    [
      [0.5, 0.5, 0.75, 0.25, 0.5, 0, 0, 0, 0, 0.5, 0.5, 0, 1, 1, 0, 0.5, 1, 0, 0, 1, 0, 0, 0, 0, 0],
      [-16, -2, 0, 6, 0, 12, -10, 18, 6, 0, -2, 0, 0, -16, -26, -30],
    ],
  ),
];

function row<A extends object, G extends object>(
  operator: Operator<A, G>,
  given: G,
  inputs: readonly ListedTensor[],
  want: readonly (readonly number[])[],
) {
  const run = (gpu: Gpu) => runGradient(gpu, operator, given, inputs);
  const shapes = inputs.map(({ shape }) => `[${shape.join()}]`).join(" ");
  return { name: `${operator.name} ${JSON.stringify(given)} of ${shapes}`, run, want };
}

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

test.for(rows)("$name", async ({ run, want }) => {
  const gradients = await run(gpu);
  const differences = gradients.map((gradient, i) => firstDifference(gradient, want[i]!));
  expect(differences).toEqual(want.map(() => undefined));
});
