// Gradients of convolutions and transposed ones: each is the other's with respect to its input.
import { shapesEqual } from "../../tensor.ts";
import { slice } from "../move/slice-pad.ts";
import type { Operator } from "../operator.ts";
import { axesOf, type ConvAttributes, type ConvTransposeAttributes } from "./rules.ts";
import { convWeightGradient } from "./weight-gradient.ts";

type GradientOf<A extends object> = NonNullable<Operator<A, object, 2>["gradient"]>;

/** Of a convolution; `transposed` is the operator that undoes it, handed in since it lists this one. */
export function convGradient(transposed: () => Operator): GradientOf<ConvAttributes> {
  return ({ inputs: [x, weight], gy, attrs, type, apply }) => {
    const sizes = type(x).shape.slice(2);
    const kernel = type(weight).shape.slice(2);
    // What the stride left over at the far end.
    const outputPadding = axesOf(attrs).map(({ stride, dilation, before, after }, axis) => {
      return (sizes[axis]! + before + after - dilation * (kernel[axis]! - 1) - 1) % stride;
    });
    return [
      apply(transposed(), [gy, weight], { ...attrs, outputPadding }),
      apply(convWeightGradient, [x, gy], { ...attrs, kernel, parts: 1 }),
    ];
  };
}

/** Of a transposed convolution; `conv` is the one that it undoes. */
export function convTransposeGradient(conv: () => Operator): GradientOf<ConvTransposeAttributes> {
  return ({ inputs: [x, weight], gy, attrs: { outputPadding: _, ...attrs }, type, apply }) => {
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
