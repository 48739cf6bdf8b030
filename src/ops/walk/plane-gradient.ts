// Gradients that are gathered with weights along each axis: those of averages and interpolations. Images and volumes alike.
import {
  type AxisRule,
  axisNames,
  planeGradientSpec,
  planeGradient as shader,
} from "../../../shaders/wgsl/plane-gradient.ts";
import type { Width } from "../../../shaders/wgsl/strided.ts";
import type { Shape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Call, Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { floatType, isAligned, storageOf } from "./operands.ts";
import { asTriple, outputPlanes, planeGrid, planeValues, volumeValues } from "./planes.ts";

export interface InputSize {
  /** Of x, and so of gx, along each axis after N and C. */
  readonly inputSize: Shape;
}

/** What the kernels are told of a call. */
export interface PlaneGradient {
  readonly rule: AxisRule;
  /** The rule's numbers along each axis after N and C; along the depth that an image lacks, those of `flat`. */
  readonly values: Readonly<Record<string, readonly number[]>>;
  readonly flat: Readonly<Record<string, number>>;
  /** Multiplies every sum. */
  readonly factor: number;
}

interface PlaneGradientRecord<A extends object> {
  describe(call: Call<A>): PlaneGradient;
  /** Products that are summed, all together. */
  terms(call: Call<A>): number;
  /** Throws ShapeError where the kernels' integers are too small. */
  validate?(gy: Shape, attrs: A): void;
}

/** An operator from gy [N, C, ...] to gx [N, C, inputSize]. */
export function createPlaneGradient<A extends InputSize>(name: string, record: PlaneGradientRecord<A>): Operator<A, A> {
  return {
    name,
    attributes: (given) => given,
    shape(inputs, attrs) {
      const [{ shape }] = inputs;
      record.validate?.(shape, attrs);
      return [{ shape: [...shape.slice(0, 2), ...attrs.inputSize], dtype: floatType(name, inputs) }];
    },
    cost: (call) => ({ flop: 2 * record.terms(call), bytes: operandBytes(call) }),
    kernels: [gather(`${name}/direct`, 1, record), gather(`${name}/quads`, 4, record)],
    prefer: (call) => `${name}/${outputPlanes(call).width % 4 === 0 ? "quads" : "direct"}`,
  };
}

/** One pixel per invocation, or four neighbours, which share what they read. */
function gather<A extends object>(name: string, width: Width, { describe }: PlaneGradientRecord<A>): Kernel<A> {
  return {
    name,
    applies: (call) => outputPlanes(call).width % width === 0,
    views: [0],
    dispatches(call, device) {
      const { rule, values, flat, factor } = describe(call);
      const planes = outputPlanes(call);
      const aligned = isAligned(call.outputs[0], planes.width);
      const { grid, workgroups } = planeGrid({ ...planes, width: planes.width / width }, device);
      const perAxis = Object.entries(values).flatMap(([field, numbers]) =>
        asTriple(numbers, flat[field]!).map((number, axis) => [`${field}_${axisNames[axis]}`, number]),
      );
      const all = { ...planeValues(call), ...volumeValues(call), factor, ...Object.fromEntries(perAxis) };
      return [
        {
          code: shader({ ...rule, width, aligned, storage: storageOf(call), grid }),
          bindings: [{ input: 0 }, { output: 0 }],
          params: params(planeGradientSpec(rule.spec), all),
          workgroups,
        },
      ];
    },
  };
}
