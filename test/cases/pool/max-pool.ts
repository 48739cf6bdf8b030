import { type MaxPool2dAttributes, type MaxPool2dGiven, maxPool2d } from "../../../src/ops/pool/max-pool.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

const nan = Number.NaN;
const low = Number.NEGATIVE_INFINITY;

export const maxPool2dCases: OperatorCases<MaxPool2dAttributes, MaxPool2dGiven> = {
  operator: maxPool2d,
  reference([x], { kernel, stride, padding, dilation, ceilMode, indices }) {
    const [items, channels, height, width] = x!.shape as [number, number, number, number];
    const count = (size: number, axis: 0 | 1) => {
      const padded = size + padding[axis] + padding[axis + 2]!;
      const steps = (padded - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis];
      if (!ceilMode) return Math.floor(steps) + 1;
      const startsTooLate = Math.ceil(steps) * stride[axis] >= size + padding[axis];
      return Math.ceil(steps) + (startsTooLate ? 0 : 1);
    };
    const outHeight = count(height, 0);
    const outWidth = count(width, 1);
    const data = new Float64Array(items * channels * outHeight * outWidth).fill(low);
    const where = new Float64Array(data.length).fill(-1);
    let element = 0;
    for (let plane = 0; plane < items * channels; plane++)
      for (let p = 0; p < outHeight; p++)
        for (let q = 0; q < outWidth; q++, element++)
          for (let r = 0; r < kernel[0]; r++)
            for (let s = 0; s < kernel[1]; s++) {
              const h = p * stride[0] + r * dilation[0] - padding[0];
              const w = q * stride[1] + s * dilation[1] - padding[1];
              if (h < 0 || h >= height || w < 0 || w >= width) continue;
              const value = x!.data[(plane * height + h) * width + w]!;
              const isFirst = where[element] === -1;
              if (!isFirst && !(value > data[element]!) && !Number.isNaN(value)) continue;
              data[element] = value;
              where[element] = h * width + w;
            }
    const magnitude = new Float64Array(data.length);
    const maximum = { data, magnitude, exact: true } as const;
    return indices ? [maximum, { data: where, magnitude, exact: true }] : [maximum];
  },
  cases: [
    { why: "one pixel", inputs: [[1, 1, 1, 1]], given: { kernel: 1, indices: true } },
    { why: "exact fit of 2x2 windows", inputs: [[1, 8, 16, 16]], given: { kernel: 2 } },
    {
      why: "the encoder's 3x3, stride 2, padding 1",
      inputs: [[1, 16, 32, 48]],
      given: { kernel: 3, stride: 2, padding: 1 },
    },
    {
      why: "odd sizes, batch 2, indices",
      inputs: [{ shape: [2, 5, 13, 19], values: "distinct" }],
      given: { kernel: 3, stride: 2, padding: 1, indices: true },
    },
    {
      why: "several workgroups along every axis",
      inputs: [[2, 7, 37, 70]],
      given: { kernel: 2, stride: 1, indices: true },
    },
    {
      why: "leftover row and column dropped",
      inputs: [[1, 3, 15, 17]],
      given: { kernel: 2, indices: true },
    },
    {
      why: "leftover row and column kept by ceil mode",
      inputs: [[1, 3, 15, 17]],
      given: { kernel: 2, ceilMode: true, indices: true },
    },
    {
      why: "ceil mode drops a window that starts in the padding",
      inputs: [[1, 2, 5, 7]],
      given: { kernel: 2, stride: 3, padding: 1, ceilMode: true, indices: true },
    },
    {
      why: "strides, kernel and padding differ along the axes",
      inputs: [[1, 3, 17, 16]],
      given: { kernel: [5, 2], stride: [3, 1], padding: [2, 1], indices: true },
    },
    {
      why: "asymmetric padding",
      inputs: [[1, 2, 9, 11]],
      given: { kernel: [4, 3], stride: 2, padding: [0, 1, 2, 0], indices: true },
    },
    {
      why: "dilation 3",
      inputs: [[1, 4, 19, 24]],
      given: { kernel: 3, stride: 2, padding: 1, dilation: 3, indices: true },
    },
    {
      why: "dilations differ, ceil mode",
      inputs: [[2, 3, 15, 13]],
      given: { kernel: [3, 2], stride: [2, 3], padding: 1, dilation: [2, 5], ceilMode: true, indices: true },
    },
    {
      why: "no tap hits the image",
      inputs: [[1, 2, 6, 9]],
      given: { kernel: 2, stride: 1, padding: 1, dilation: 7, indices: true },
      gradient: "differences of infinities",
    },
    {
      why: "kernel larger than the image",
      inputs: [[2, 3, 4, 3]],
      given: { kernel: 7, stride: 2, padding: 3, indices: true },
    },
    {
      why: "kernel larger than the padded image, ceil mode",
      inputs: [[1, 2, 3, 3]],
      given: { kernel: 4, stride: 2, ceilMode: true, indices: true },
    },
    {
      why: "gaps between windows",
      inputs: [[1, 2, 17, 19]],
      given: { kernel: 2, stride: 5, indices: true },
    },
    {
      why: "ties: the first maximum wins",
      inputs: [{ shape: [1, 1, 3, 4], values: [1, 1, 0, 2, 1, 1, 2, 2, 0, 1, 2, 2] }],
      given: { kernel: 2, stride: 1, indices: true },
      gradient: "it jumps at ties",
    },
    {
      why: "NaN wins, the last of them",
      inputs: [{ shape: [1, 1, 3, 4], values: [1, nan, 3, 9, nan, 5, 6, 8, 7, 8, nan, 4] }],
      given: { kernel: [3, 2], stride: 1, indices: true },
    },
    {
      why: "all -infinity beside the padding: the first pixel",
      inputs: [{ shape: [1, 1, 3, 3], values: [low, low, low, low, low, low, low, low, low] }],
      given: { kernel: 3, stride: 2, padding: 1, indices: true },
    },
  ],
};
