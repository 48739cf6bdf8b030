// Subgradients at corners, and far from 0. The values are PyTorch 2.13's, for each of the points x in float64:
//     torch.autograd.grad(function(x), x)
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import {
  clip,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  relu,
  sigmoid,
  silu,
  tanh,
} from "../../../src/ops/elementwise/activations.ts";
import {
  abs,
  ceil,
  erf,
  floor,
  log,
  reciprocal,
  round,
  sign,
  softplus,
  sqrt,
} from "../../../src/ops/elementwise/unary.ts";
import type { Operator } from "../../../src/ops/operator.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { firstDifference, runGradient } from "../../support/run-gradient.ts";

const { POSITIVE_INFINITY: inf } = Number;
const points = [-1e30, -200, -3, -1, 0, 1, 3, 200, 1e30];

const rows = [
  row(relu, {}, [0, 0, 0, 0, 0, 1, 1, 1, 1]),
  row(leakyRelu, { slope: 0.1 }, [0.1, 0.1, 0.1, 0.1, 0.1, 1, 1, 1, 1]),
  row(leakyRelu, { slope: -0.3 }, [-0.3, -0.3, -0.3, -0.3, -0.3, 1, 1, 1, 1]),
  row(elu, { alpha: 0.75 }, [0, 0, 0.037340301, 0.27590958, 0.75, 1, 1, 1, 1]),
  row(elu, { alpha: -0.75 }, [0, 0, -0.037340301, -0.27590958, -0.75, 1, 1, 1, 1]),
  row(hardSigmoid, {}, [0, 0, 0, 0.16666667, 0.16666667, 0.16666667, 0, 0, 0]),
  row(hardSwish, {}, [0, 0, 0, 0.16666667, 0.5, 0.83333333, 1, 1, 1]),
  row(clip, { min: -1, max: 3 }, [0, 0, 0, 1, 1, 1, 1, 0, 0]),
  row(clip, { min: -1 }, [0, 0, 0, 1, 1, 1, 1, 1, 1]),
  row(clip, { max: 3 }, [1, 1, 1, 1, 1, 1, 1, 0, 0]),
  row(clip, { min: 2, max: 1 }, [0, 0, 0, 0, 0, 0, 0, 0, 0]),
  row(sigmoid, {}, [0, 0, 0.04517666, 0.19661193, 0.25, 0.19661193, 0.04517666, 0, 0]),
  row(tanh, {}, [0, 0, 0.0098660372, 0.41997434, 1, 0.41997434, 0.0098660372, 0, 0]),
  row(silu, {}, [0, 0, -0.088104106, 0.072329488, 0.5, 0.92767051, 1.0881041, 1, 1]),
  row(softplus, {}, [0, 0, 0.047425873, 0.26894142, 0.5, 0.73105858, 0.95257413, 1, 1]),
  row(gelu, {}, [0, 0, -0.011945647, -0.083315471, 0.5, 1.0833155, 1.0119456, 1, 1]),
  row(gelu, { approximate: "tanh" }, [0, 0, -0.011584167, -0.082964084, 0.5, 1.0829641, 1.0115842, 1, 1]),
  row(erf, {}, [0, 0, 0.00013925305, 0.4151075, 1.1283792, 0.4151075, 0.00013925305, 0, 0]),
  row(abs, {}, [-1, -1, -1, -1, 0, 1, 1, 1, 1]),
  row(floor, {}, [0, 0, 0, 0, 0, 0, 0, 0, 0]),
  row(ceil, {}, [0, 0, 0, 0, 0, 0, 0, 0, 0]),
  row(round, {}, [0, 0, 0, 0, 0, 0, 0, 0, 0]),
  row(sign, {}, [0, 0, 0, 0, 0, 0, 0, 0, 0]),
  row(sqrt, {}, [inf, 0.5], [0, 1]),
  row(log, {}, [inf, 1], [0, 1]),
  row(reciprocal, {}, [-inf, -1], [0, 1]),
];

function row<A extends object, G extends object>(operator: Operator<A, G>, given: G, want: number[], at = points) {
  const run = (gpu: Gpu) => runGradient(gpu, operator, given, [{ shape: [at.length], values: at }]);
  return { name: `${operator.name} ${JSON.stringify(given)}`, run, want };
}

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

test.for(rows)("$name", async ({ run, want }) => {
  const [gx] = await run(gpu);
  expect(firstDifference(gx!, want)).toBeUndefined();
});
