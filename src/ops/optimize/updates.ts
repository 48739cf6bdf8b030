// What an optimizer does to all of its parameters in one dispatch, whatever their number: they are packed. Not for users: see
// src/train/loop/optimizers.ts.

import { runningUpdate as runningUpdateShader } from "../../../shaders/norm/running-update.wgsl.ts";
import { type AdamTemplate, adamUpdate as adamUpdateShader } from "../../../shaders/optimize/adam-update.wgsl.ts";
import {
  type GradientScaleTemplate,
  gradientScale as gradientScaleShader,
} from "../../../shaders/optimize/gradient-scale.wgsl.ts";
import {
  packedSquares as packedSquaresShader,
  type SquaresTemplate,
} from "../../../shaders/optimize/packed-squares.wgsl.ts";
import { type SgdTemplate, sgdUpdate as sgdUpdateShader } from "../../../shaders/optimize/sgd-update.wgsl.ts";
import { packedBlock, packedWorkgroup } from "../../../shaders/wgsl/packed.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape, shapesEqual, type TensorType } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import { spread } from "../grid.ts";
import { type AtLeast, type Kernel, nonEmpty, type Operator } from "../operator.ts";
import { params } from "../parameters.ts";

interface UpdateSpec<A extends object> {
  readonly name: string;
  /** How many states it has, which are the first inputs and the outputs; then come what updates them and the blocks. */
  readonly states: number;
  shader(attrs: A): string;
}

/** states [elements] each, update [elements], blocks [elements / 128], and whatever the shader reads beside them. */
function createUpdate<A extends object>({ name, states, shader }: UpdateSpec<A>): Operator<A, A> {
  const kernel: Kernel<A> = {
    name: `${name}/packed`,
    applies: () => true,
    dispatches({ inputs, outputs, attrs }, device) {
      const count = elementCount(outputs[0].shape) / 4;
      return [
        {
          code: shader(attrs),
          bindings: [
            ...inputs.slice(states).map((_, i) => ({ input: states + i })),
            ...outputs.map((_, output) => ({ output })),
          ],
          params: params({ count: "u32" }, { count }),
          workgroups: [...spread(Math.ceil(count / packedWorkgroup), device), 1],
        },
      ];
    },
  };
  return {
    name,
    attributes: (given) => given,
    shape(inputs) {
      const [first, ...others] = inputs;
      requirePacked(name, [first, ...others.slice(0, states)], others[states]!);
      const updated = inputs.slice(0, states).map(({ shape }) => ({ shape, dtype: "f32" as const }));
      return nonEmpty(updated, `${name}: states`);
    },
    cost: (call) => ({
      flop: 8 * elementCount(call.outputs[0].shape),
      bytes: operandBytes(call),
    }),
    updates: Array.from({ length: states }, (_, i) => i),
    fullInputs: Array.from({ length: states + 4 }, (_, i) => i),
    kernels: [kernel],
  };
}

function requirePacked(name: string, packed: AtLeast<TensorType, 1>, blocks: TensorType): void {
  const [{ shape }] = packed;
  const expected = [elementCount(shape) / packedBlock];
  const fits = packed.every((type) => type.dtype === "f32" && shapesEqual(type.shape, shape));
  if (fits && shape.length === 1 && blocks.dtype === "u32" && shapesEqual(blocks.shape, expected)) return;
  const got = [...packed, blocks].map((type) => formatShape(type.shape)).join(", ");
  throw new ShapeError(`${name}: got ${got}, expected packed f32 of one length and u32 of ${formatShape(expected)}`);
}

/**
 * Stochastic gradient descent with momentum and weight decay.
 * - states: weights, velocities; then gradients, blocks, settings [groups, 2], scale [4]; see the shader.
 * Source: https://pytorch.org/docs/stable/generated/torch.optim.SGD.html (dampening 0)
 */
export const sgdUpdate = createUpdate<SgdTemplate>({ name: "sgdUpdate", states: 2, shader: sgdUpdateShader });

/**
 * Adam, or AdamW where the decay is decoupled.
 * - states: weights, first and second moments; then gradients, blocks, settings [groups, 2], scale [4]; see the shader.
 * Source: https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html
 */
export const adamUpdate = createUpdate<AdamTemplate>({ name: "adamUpdate", states: 3, shader: adamUpdateShader });

/**
 * The running statistics of batch norm.
 * - state: statistics; then those of the batch, blocks, factors [groups].
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
 */
export const runningUpdate = createUpdate<{ readonly momentum: number }>({
  name: "runningUpdate",
  states: 1,
  shader: runningUpdateShader,
});

/** Its bits: WGSL has no literal for it. */
const infinity = 0x7f800000;

/** Enough for every GPU, few enough that their sum is quick. */
const mostStretches = 1024;

/** Groups of four elements in a stretch: whole blocks. */
function stretchOf(elements: number): number {
  return Math.ceil(elements / packedBlock / mostStretches) * (packedBlock / 4);
}

const squares: Kernel<SquaresTemplate, 2> = {
  name: "packedSquares/workgroup",
  applies: () => true,
  dispatches({ inputs, outputs, attrs }) {
    const elements = elementCount(inputs[0].shape);
    const values = { count: elements / 4, stretch: stretchOf(elements), infinity };
    return [
      {
        code: packedSquaresShader(attrs),
        bindings: [{ input: 0 }, { input: 1 }, { output: 0 }],
        params: params({ count: "u32", stretch: "u32", infinity: "u32" }, values),
        workgroups: [elementCount(outputs[0].shape) / 2, 1, 1],
      },
    ];
  },
};

/**
 * Sums of squares of stretches of a packed tensor, gaps left out: what their sum, the squared norm, is made of.
 * - x [elements], blocks [elements / 128]; output: [2, stretches], the sums of x, and of x made small enough for every sum: those
 *   are infinite where a number of x has overflowed
 */
export const packedSquares: Operator<SquaresTemplate, SquaresTemplate, 2> = {
  name: "packedSquares",
  attributes: (given) => given,
  shape([x, blocks]) {
    requirePacked("packedSquares", [x], blocks);
    const elements = elementCount(x.shape);
    return [{ shape: [2, Math.ceil(elements / 4 / stretchOf(elements))], dtype: "f32" }];
  },
  cost: (call) => ({ flop: 5 * elementCount(call.inputs[0].shape), bytes: operandBytes(call) }),
  fullInputs: [0],
  kernels: [squares],
};

const scaling: Kernel<GradientScaleTemplate, 3, 2> = {
  name: "gradientScale/workgroup",
  applies: () => true,
  dispatches: ({ inputs, attrs }) => [
    {
      code: gradientScaleShader(attrs),
      bindings: [{ input: 1 }, { input: 2 }, { output: 0 }, { output: 1 }],
      params: params({ count: "u32", infinity: "u32" }, { count: elementCount(inputs[1].shape) / 2, infinity }),
      workgroups: [1, 1, 1],
    },
  ],
};

/**
 * What all gradients are multiplied with: it undoes the scale of the loss and shortens what is longer than a limit. It counts the
 * steps for which they are finite.
 * - taken [1 or more]: a state, whose first element is the count; squares [2, stretches], lossScale [1]
 * - outputs: taken, and [4]: the factor, infinite where a gradient is not finite; the norm; the count; what gradients are
 *   multiplied with before the factor
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
 */
export const gradientScale: Operator<GradientScaleTemplate, GradientScaleTemplate, 3, 2> = {
  name: "gradientScale",
  attributes: (given) => given,
  shape: ([taken]) => [taken, { shape: [4], dtype: "f32" }],
  cost: (call) => ({ flop: elementCount(call.inputs[1].shape), bytes: operandBytes(call) }),
  updates: [0],
  fullInputs: [0, 1, 2],
  kernels: [scaling],
};
