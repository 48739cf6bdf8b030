import type { MaxPoolAttributes } from "../../../src/ops/pool/attributes.ts";
import { type MaxPoolGradientAttributes, maxPoolGradient } from "../../../src/ops/pool/max-pool-gradient.ts";
import type { SpaceTypes } from "../../../src/ops/walk/window.ts";
import {
  createData,
  inputSpec,
  type OperatorCase,
  type OperatorCases,
  type ReferenceTensor,
} from "../../support/operator-cases.ts";
import { createRandom } from "../../support/random.ts";
import { maxPool2dCases } from "./max-pool.ts";
import { maxPool3dCases } from "./max-pool3d.ts";

type Suite = OperatorCases<MaxPoolGradientAttributes, MaxPoolGradientAttributes>;

/** Scatters, where the kernels gather. */
function reference([gy, indices]: readonly ReferenceTensor[], { inputSize }: MaxPoolGradientAttributes) {
  const product = (sizes: readonly number[]) => sizes.reduce((count, size) => count * size, 1);
  const [windows, pixels] = [product(gy!.shape.slice(2)), product(inputSize)];
  const data = new Float64Array(product(gy!.shape.slice(0, 2)) * pixels);
  const magnitude = new Float64Array(data.length);
  gy!.data.forEach((value, i) => {
    const index = indices!.data[i]!;
    if (index < 0) return;
    data[Math.floor(i / windows) * pixels + index]! += value;
    magnitude[Math.floor(i / windows) * pixels + index]! += Math.abs(value);
  });
  return [{ data, magnitude }];
}

/** The pool's cases with the indices that its reference finds. */
function casesOf<A extends MaxPoolAttributes<SpaceTypes>, G extends object>(
  { operator, reference: pool, cases }: OperatorCases<A, G>,
  more: readonly OperatorCase<G>[],
): Suite["cases"] {
  return [...cases, ...more].map(({ why, inputs, given }) => {
    const spec = inputSpec(inputs[0]!);
    const x = { shape: spec.shape, data: Float64Array.from(createData(spec, createRandom(3))) };
    const attrs = operator.attributes({ ...given, indices: true });
    const [y] = operator.shape([{ shape: x.shape, dtype: "f32" }], attrs);
    const [, indices] = pool([x], attrs);
    const gy = { shape: y!.shape };
    return {
      why,
      inputs: [gy, { ...gy, dtype: "i32", values: [...indices!.data] }],
      given: { ...attrs, inputSize: x.shape.slice(2) },
    };
  });
}

export const maxPoolGradientCases: Suite = {
  operator: maxPoolGradient,
  reference,
  cases: [
    ...casesOf(maxPool2dCases, [
      {
        why: "the U-Net's 2x2 windows, fours, several workgroups along every axis",
        inputs: [[2, 5, 14, 72]],
        given: { kernel: 2 },
      },
      {
        why: "the encoder's 3x3, stride 2, padding 1, fours, several workgroups along every axis",
        inputs: [{ shape: [2, 5, 13, 72], values: "distinct" }],
        given: { kernel: 3, stride: 2, padding: 1 },
      },
      { why: "dilation, fours", inputs: [[2, 3, 11, 24]], given: { kernel: 3, stride: 1, padding: 1, dilation: 3 } },
      { why: "gaps between windows, fours", inputs: [[1, 2, 17, 20]], given: { kernel: 2, stride: 7 } },
    ]),
    ...casesOf(maxPool3dCases, [
      {
        why: "volumes in fours, several workgroups",
        inputs: [[2, 3, 5, 6, 72]],
        given: { kernel: 3, stride: 2, padding: 1 },
      },
    ]),
  ],
};
