// Subgradients at corners, and far from 0. The values are PyTorch 2.13's, for each of the points x in float64:
//     torch.autograd.grad(function(x), x)
import { afterAll, beforeAll, expect, test } from "vitest";
import type { UnaryFunction } from "../../../shaders/wgsl/functions.ts";
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
  exp,
  floor,
  log,
  neg,
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

/** Of every function; one that is missing does not compile. */
const rows: { readonly [K in Exclude<UnaryFunction["kind"], "none">]: readonly ReturnType<typeof row>[] } = {
  relu: [row(relu, {}, [0, 0, 0, 0, 0, 1, 1, 1, 1])],
  "leaky-relu": [
    row(leakyRelu, { slope: 0.1 }, [0.1, 0.1, 0.1, 0.1, 0.1, 1, 1, 1, 1]),
    row(leakyRelu, { slope: -0.3 }, [-0.3, -0.3, -0.3, -0.3, -0.3, 1, 1, 1, 1]),
  ],
  elu: [
    row(elu, { alpha: 0.75 }, [0, 0, 0.037340301, 0.27590958, 0.75, 1, 1, 1, 1]),
    row(elu, { alpha: -0.75 }, [0, 0, -0.037340301, -0.27590958, -0.75, 1, 1, 1, 1]),
  ],
  "hard-sigmoid": [row(hardSigmoid, {}, [0, 0, 0, 0.16666667, 0.16666667, 0.16666667, 0, 0, 0])],
  "hard-swish": [row(hardSwish, {}, [0, 0, 0, 0.16666667, 0.5, 0.83333333, 1, 1, 1])],
  clip: [
    row(clip, { min: -1, max: 3 }, [0, 0, 0, 1, 1, 1, 1, 0, 0]),
    row(clip, { min: -1 }, [0, 0, 0, 1, 1, 1, 1, 1, 1]),
    row(clip, { max: 3 }, [1, 1, 1, 1, 1, 1, 1, 0, 0]),
    row(clip, { min: 2, max: 1 }, [0, 0, 0, 0, 0, 0, 0, 0, 0]),
  ],
  sigmoid: [row(sigmoid, {}, [0, 0, 0.04517666, 0.19661193, 0.25, 0.19661193, 0.04517666, 0, 0])],
  tanh: [row(tanh, {}, [0, 0, 0.0098660372, 0.41997434, 1, 0.41997434, 0.0098660372, 0, 0])],
  silu: [row(silu, {}, [0, 0, -0.088104106, 0.072329488, 0.5, 0.92767051, 1.0881041, 1, 1])],
  softplus: [row(softplus, {}, [0, 0, 0.047425873, 0.26894142, 0.5, 0.73105858, 0.95257413, 1, 1])],
  gelu: [row(gelu, {}, [0, 0, -0.011945647, -0.083315471, 0.5, 1.0833155, 1.0119456, 1, 1])],
  "gelu-tanh": [
    row(gelu, { approximate: "tanh" }, [0, 0, -0.011584167, -0.082964084, 0.5, 1.0829641, 1.0115842, 1, 1]),
  ],
  erf: [row(erf, {}, [0, 0, 0.00013925305, 0.4151075, 1.1283792, 0.4151075, 0.00013925305, 0, 0])],
  abs: [row(abs, {}, [-1, -1, -1, -1, 0, 1, 1, 1, 1])],
  floor: [row(floor, {}, [0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ceil: [row(ceil, {}, [0, 0, 0, 0, 0, 0, 0, 0, 0])],
  round: [row(round, {}, [0, 0, 0, 0, 0, 0, 0, 0, 0])],
  sign: [row(sign, {}, [0, 0, 0, 0, 0, 0, 0, 0, 0])],
  sqrt: [row(sqrt, {}, [inf, 0.5], [0, 1])],
  log: [row(log, {}, [inf, 1], [0, 1])],
  reciprocal: [row(reciprocal, {}, [-inf, -1], [0, 1])],
  exp: [row(exp, {}, [0.049787068, 0.36787944, 1, 7.3890561, 20.085537], [-3, -1, 0, 2, 3])],
  neg: [row(neg, {}, [-1, -1, -1, -1, -1, -1, -1, -1, -1])],
};

function row<A extends object, G extends object>(operator: Operator<A, G>, given: G, want: number[], at = points) {
  const run = (gpu: Gpu) => runGradient(gpu, operator, given, [{ shape: [at.length], values: at }]);
  return { name: `${operator.name} ${JSON.stringify(given)}`, run, want };
}

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

test.for(Object.values(rows).flat())("$name", async ({ run, want }) => {
  const [gx] = await run(gpu);
  expect(firstDifference(gx!, want)).toBeUndefined();
});
