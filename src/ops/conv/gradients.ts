// Gradients of convolutions and transposed ones: each is the other's with respect to its input.
import { shapesEqual } from "../../tensor.ts";
import { slice } from "../move/slice-pad.ts";
import type { Operator } from "../operator.ts";
import type { ConvAttributes, ConvTransposeAttributes } from "./rules.ts";
import { convWeightGradient } from "./weight-gradient.ts";

type GradientOf<A extends object> = NonNullable<Operator<A>["gradient"]>;

/** Of a convolution; `transposed` is the operator that undoes it, handed in since it lists this one. */
export function convGradient(transposed: () => Operator): GradientOf<ConvAttributes> {
  return ({ inputs, outputGradients, attrs, type, apply }) => {
    const [x, weight] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
    const gy = outputGradients[0]!;
    const kernel = type(weight).shape.slice(2);
    // What the stride left over at the far end.
    const outputPadding = kernel.map((size, axis) => {
      const padded = type(x).shape[axis + 2]! + attrs.padding[axis]! + attrs.padding[axis + kernel.length]!;
      return (padded - attrs.dilation[axis]! * (size - 1) - 1) % attrs.stride[axis]!;
    });
    return [
      apply(transposed(), [gy, weight], { ...attrs, outputPadding }),
      apply(convWeightGradient, [x, gy], { ...attrs, kernel, parts: 1 }),
    ];
  };
}

/** Of a transposed convolution; `conv` is the one that it undoes. */
export function convTransposeGradient(conv: () => Operator): GradientOf<ConvTransposeAttributes> {
  return ({ inputs, outputGradients, attrs: { outputPadding: _, ...attrs }, type, apply }) => {
    const [x, weight] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
    const gy = outputGradients[0]!;
    const kernel = type(weight).shape.slice(2);
    const gx = apply(conv(), [gy, weight], attrs);
    return [
      shapesEqual(type(gx).shape, type(x).shape) ? gx : apply(slice, [gx], fromStart(type(x).shape)),
      apply(convWeightGradient, [gy, x], { ...attrs, kernel, parts: 1 }),
    ];
  };
}

/** Padding of an output by a stride or more brings whole windows that hold nothing. */
function fromStart(shape: readonly number[]) {
  return { starts: shape.map(() => 0), ends: shape };
}
