import {
  type AveragePool2dAttributes,
  type AveragePool2dGiven,
  averagePool2d,
} from "../../../src/ops/pool/average-pool.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

export const averagePool2dCases: OperatorCases<AveragePool2dAttributes, AveragePool2dGiven> = {
  operator: averagePool2d,
  reference([x], { kernel, stride, padding, ceilMode, countIncludePad, divisorOverride }) {
    const [items, channels, height, width] = x!.shape as [number, number, number, number];
    const [top, left, bottom, right] = padding;
    const count = (size: number, axis: 0 | 1) => {
      const steps = (size + padding[axis] + padding[axis + 2]! - kernel[axis]) / stride[axis];
      if (!ceilMode) return Math.floor(steps) + 1;
      const startsTooLate = Math.ceil(steps) * stride[axis] >= size + padding[axis];
      return Math.ceil(steps) + (startsTooLate ? 0 : 1);
    };
    const outHeight = count(height, 0);
    const outWidth = count(width, 1);
    const data = new Float64Array(items * channels * outHeight * outWidth);
    const magnitude = new Float64Array(data.length);
    let element = 0;
    for (let plane = 0; plane < items * channels; plane++)
      for (let p = 0; p < outHeight; p++)
        for (let q = 0; q < outWidth; q++, element++) {
          let counted = 0;
          for (let r = 0; r < kernel[0]; r++)
            for (let s = 0; s < kernel[1]; s++) {
              const h = p * stride[0] + r - top;
              const w = q * stride[1] + s - left;
              const isInImage = h >= 0 && h < height && w >= 0 && w < width;
              const isInPadding = !isInImage && h < height + bottom && w < width + right;
              if (isInImage || (isInPadding && countIncludePad)) counted++;
              if (!isInImage) continue;
              const value = x!.data[(plane * height + h) * width + w]!;
              data[element]! += value;
              magnitude[element]! += Math.abs(value);
            }
          const divisor = divisorOverride ?? counted;
          data[element]! /= divisor;
          magnitude[element]! /= Math.abs(divisor);
        }
    return [{ data, magnitude }];
  },
  cases: [
    { why: "one pixel", inputs: [[1, 1, 1, 1]], given: { kernel: 1 } },
    { why: "exact fit of 2x2 windows", inputs: [[1, 8, 16, 16]], given: { kernel: 2 } },
    { why: "pooling branch: 3x3 on a small map, leftovers", inputs: [[2, 13, 16, 16]], given: { kernel: 3 } },
    { why: "pooling branch: one window of 5x5", inputs: [[1, 19, 5, 5]], given: { kernel: 5 } },
    {
      why: "several workgroups along every axis, batch 2",
      inputs: [[2, 7, 37, 70]],
      given: { kernel: 3, stride: 1, padding: 1 },
    },
    { why: "padding counts", inputs: [[2, 3, 13, 19]], given: { kernel: 3, stride: 2, padding: 1 } },
    {
      why: "padding does not count",
      inputs: [[2, 3, 13, 19]],
      given: { kernel: 3, stride: 2, padding: 1, countIncludePad: false },
    },
    {
      why: "ceil mode: what lies behind the padding never counts",
      inputs: [[1, 3, 15, 17]],
      given: { kernel: [4, 5], stride: [3, 4], padding: [1, 2], ceilMode: true },
    },
    {
      why: "ceil mode, padding does not count",
      inputs: [[1, 3, 15, 17]],
      given: { kernel: [4, 5], stride: [3, 4], padding: [1, 2], ceilMode: true, countIncludePad: false },
    },
    {
      why: "ceil mode drops a window that starts in the padding",
      inputs: [[1, 2, 5, 7]],
      given: { kernel: 2, stride: 3, padding: 1, ceilMode: true },
    },
    { why: "ceil mode without padding", inputs: [[1, 2, 7, 9]], given: { kernel: 3, stride: 2, ceilMode: true } },
    {
      why: "kernel larger than the padded image, ceil mode",
      inputs: [[1, 2, 3, 3]],
      given: { kernel: [5, 4], stride: [3, 2], ceilMode: true },
    },
    {
      why: "kernel larger than the image",
      inputs: [[2, 3, 4, 3]],
      given: { kernel: 7, stride: 2, padding: 3 },
    },
    {
      why: "asymmetric padding counts",
      inputs: [[1, 2, 9, 11]],
      given: { kernel: [4, 3], stride: 2, padding: [0, 1, 2, 0] },
    },
    {
      why: "asymmetric padding, ceil mode",
      inputs: [[1, 2, 10, 11]],
      given: { kernel: [4, 3], stride: [3, 2], padding: [1, 0, 0, 1], ceilMode: true },
    },
    {
      why: "divisor override, also against countIncludePad",
      inputs: [[1, 2, 9, 7]],
      given: { kernel: 3, stride: 2, padding: 1, countIncludePad: false, divisorOverride: 7 },
    },
    {
      why: "negative divisor",
      inputs: [[1, 1, 5, 4]],
      given: { kernel: 2, divisorOverride: -3 },
    },
    { why: "gaps between windows", inputs: [[1, 2, 17, 19]], given: { kernel: 2, stride: 5 } },
    {
      why: "thousands of terms of one sign",
      inputs: [{ shape: [1, 2, 72, 80], values: "positive" }],
      given: { kernel: [71, 79], stride: 1 },
    },
  ],
};
