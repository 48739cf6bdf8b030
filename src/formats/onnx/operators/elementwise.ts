// Elementwise arithmetic on known tensors, with NumPy's broadcasting.

import { ShapeError } from "../../../errors.ts";
import { broadcastShape } from "../../../ops/walk/axes.ts";
import { elementCount, type Shape } from "../../../tensor.ts";
import type { ElementType } from "../element-type.ts";
import { broadcastTo, type HostTensor, toElement } from "../host-tensor.ts";
import type { NodeContext } from "../node-context.ts";
import type { Operand } from "../operand.ts";
import { ensure, UnsupportedNode } from "../unsupported.ts";

/** `compute` of each element of the inputs, rounded to the first one's type or to `type`. */
export function elementwise(
  node: NodeContext,
  inputs: readonly HostTensor[],
  compute: (...values: readonly number[]) => number,
  type: ElementType = inputs[0]!.type,
): Operand {
  ensure(inputs.length >= compute.length, `input ${inputs.length} is missing`);
  const shape = inputs.map((input) => input.shape).reduce((a, b) => commonShape(node, a, b));
  return node.fold(shape, () => {
    const wide = inputs.map((input) => broadcastTo(input, shape).data);
    const data = new Float64Array(elementCount(shape));
    for (let i = 0; i < data.length; i++) data[i] = toElement(type, compute(...wide.map((values) => values[i]!)));
    return { type, shape, data };
  });
}

function commonShape({ opType }: NodeContext, a: Shape, b: Shape): Shape {
  try {
    return broadcastShape(opType, a, b);
  } catch (error) {
    throw error instanceof ShapeError ? new UnsupportedNode(error.message) : error;
  }
}
