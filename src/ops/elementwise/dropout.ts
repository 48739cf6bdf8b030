// Dropout in training: which elements it drops is a function of seed, step and place, so that nothing has to be stored.
import { dropoutShader, dropoutSpec } from "../../../shaders/elementwise/dropout.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { counterOf } from "../../random.ts";
import { elementCount, formatShape, shapesEqual } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { allBindings, channelsOf, floatType } from "../walk/operands.ts";
import { flatGrid, strided, walk } from "../walk/strided.ts";

export interface DropoutAttributes {
  readonly p: number;
  readonly spatial: boolean;
  readonly layer: number;
}

export interface DropoutGiven {
  /** Probability of being dropped, from 0 to below 1. Default 0.5. */
  readonly p?: number;
  /** Whether the elements of a channel [n, c] are dropped or kept together. Default false. */
  readonly spatial?: boolean;
  /** Tells nodes of one graph apart: those of other numbers drop other elements. Below 2^27. Default 0. */
  readonly layer?: number;
}

/** Random numbers of data and first weights have other lanes. */
const lane = 30;

const direct: Kernel<DropoutAttributes> = {
  name: "dropout/strided",
  applies: () => true,
  views: [0],
  dispatches(call, device) {
    const { attrs } = call;
    const [x] = call.inputs;
    const [y] = call.outputs;
    const plan = walk(y.shape, { x: strided(x), y: strided(y) });
    const values = {
      ...plan.values,
      span: attrs.spatial ? elementCount(y.shape.slice(2)) : 1,
      layer: counterOf(0, lane, attrs.layer)[1],
      threshold: dropThreshold(attrs.p),
      scale: 1 / (1 - attrs.p),
    };
    return [
      {
        code: dropoutShader({ ...plan.template, storage: y.dtype === "f16" ? "f16" : "f32" }),
        bindings: allBindings(call),
        params: params(dropoutSpec(plan.template), values),
        workgroups: flatGrid(plan.count, device),
      },
    ];
  },
};

/** The least word that keeps an element: words are evenly spread over [0, 2^32). */
function dropThreshold(p: number): number {
  return Math.min(2 ** 32 - 1, Math.ceil(p * 2 ** 32));
}

/**
 * Drops elements at random and scales the others by 1 / (1 - p), as in training.
 * - x: floats [N, C, ...], or any shape unless `spatial`; draw: u32 [2], a seed and a step; output: the shape of x, 0 where it
 *   is dropped, whatever x is there.
 * - An element is dropped where `threefry` of src/random.ts, under the key `draw`, gives the counter (place, lane 30, `layer`) a
 *   first word below p * 2^32. Its place is its index in row-major order; with `spatial` that of its channel, n * C + c.
 * - gradient: the same of gy, of the same `draw`. Nothing is stored.
 * Throws ShapeError unless p is from 0 to below 1, and for other shapes and types.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html and torch.nn.Dropout2d.html
 */
export const dropout: Operator<DropoutAttributes, DropoutGiven, 2> = {
  name: "dropout",
  attributes({ p = 0.5, spatial = false, layer = 0 }) {
    if (!(p >= 0 && p < 1)) throw new ShapeError(`dropout: p is ${p}, expected a number from 0 to below 1`);
    if (!(Number.isInteger(layer) && layer >= 0 && layer < 2 ** 27)) {
      throw new ShapeError(`dropout: layer is ${layer}, expected a whole number from 0 to below 2^27`);
    }
    return { p, spatial, layer };
  },
  shape([x, draw], { spatial }) {
    floatType("dropout", [x]);
    if (draw.dtype !== "u32" || !shapesEqual(draw.shape, [2])) {
      const got = `${draw.dtype} ${formatShape(draw.shape)}`;
      throw new ShapeError(`dropout: draw is ${got}, expected u32 [2], a seed and a step`);
    }
    if (spatial) channelsOf("dropout", x);
    return [x];
  },
  cost: (call) => ({ flop: elementCount(call.outputs[0].shape), bytes: operandBytes(call) }),
  kernels: [direct],
  gradient: ({ inputs: [, draw], attrs, gy, apply }) => [apply(dropout, [gy, draw], attrs)],
};
