import {
  type AveragePool3dAttributes,
  type AveragePool3dGiven,
  averagePool3d,
} from "../../../src/ops/pool/average-pool.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

export const averagePool3dCases: OperatorCases<AveragePool3dAttributes, AveragePool3dGiven> = {
  operator: averagePool3d,
  reference([x], { kernel, stride, padding, ceilMode, countIncludePad, divisorOverride }) {
    const [items, channels, depth, height, width] = x!.shape as [number, number, number, number, number];
    const [front, top, left, back, bottom, right] = padding;
    const count = (size: number, axis: 0 | 1 | 2) => {
      const steps = (size + padding[axis] + padding[axis + 3]! - kernel[axis]) / stride[axis];
      if (!ceilMode) return Math.floor(steps) + 1;
      const startsTooLate = Math.ceil(steps) * stride[axis] >= size + padding[axis];
      return Math.ceil(steps) + (startsTooLate ? 0 : 1);
    };
    const [outDepth, outHeight, outWidth] = [count(depth, 0), count(height, 1), count(width, 2)];
    const data = new Float64Array(items * channels * outDepth * outHeight * outWidth);
    const magnitude = new Float64Array(data.length);
    let element = 0;
    for (let volume = 0; volume < items * channels; volume++)
      for (let z = 0; z < outDepth; z++)
        for (let p = 0; p < outHeight; p++)
          for (let q = 0; q < outWidth; q++, element++) {
            let counted = 0;
            for (let t = 0; t < kernel[0]; t++)
              for (let r = 0; r < kernel[1]; r++)
                for (let s = 0; s < kernel[2]; s++) {
                  const d = z * stride[0] + t - front;
                  const h = p * stride[1] + r - top;
                  const w = q * stride[2] + s - left;
                  const isInside = d >= 0 && d < depth && h >= 0 && h < height && w >= 0 && w < width;
                  const isInPadding = !isInside && d < depth + back && h < height + bottom && w < width + right;
                  if (isInside || (isInPadding && countIncludePad)) counted++;
                  if (!isInside) continue;
                  const value = x!.data[((volume * depth + d) * height + h) * width + w]!;
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
    { why: "one voxel", inputs: [[1, 1, 1, 1, 1]], given: { kernel: 1 } },
    { why: "exact fit of 2x2x2 windows", inputs: [[1, 4, 8, 8, 16]], given: { kernel: 2 } },
    {
      why: "several workgroups along every axis, batch 2",
      inputs: [[2, 5, 6, 13, 37]],
      given: { kernel: 3, stride: 1, padding: 1 },
    },
    { why: "one slice deep", inputs: [[2, 3, 1, 13, 15]], given: { kernel: [1, 3, 3], stride: [1, 2, 2] } },
    { why: "padding counts", inputs: [[2, 3, 7, 13, 9]], given: { kernel: 3, stride: 2, padding: 1 } },
    {
      why: "padding does not count",
      inputs: [[2, 3, 7, 13, 9]],
      given: { kernel: 3, stride: 2, padding: 1, countIncludePad: false },
    },
    {
      why: "ceil mode: what lies behind the padding never counts",
      inputs: [[1, 3, 9, 15, 17]],
      given: { kernel: [3, 4, 5], stride: [4, 3, 4], padding: [1, 1, 2], ceilMode: true },
    },
    {
      why: "ceil mode, padding does not count",
      inputs: [[1, 3, 9, 15, 17]],
      given: { kernel: [3, 4, 5], stride: [4, 3, 4], padding: [1, 1, 2], ceilMode: true, countIncludePad: false },
    },
    {
      why: "ceil mode drops a window that starts in the padding",
      inputs: [[1, 2, 5, 7, 6]],
      given: { kernel: 2, stride: 3, padding: 1, ceilMode: true },
    },
    {
      why: "kernel larger than the volume",
      inputs: [[2, 2, 3, 4, 2]],
      given: { kernel: 7, stride: 2, padding: 3 },
    },
    {
      why: "asymmetric padding on six sides",
      inputs: [[1, 2, 6, 7, 9]],
      given: { kernel: [4, 3, 5], stride: 2, padding: [0, 1, 2, 2, 0, 1] },
    },
    {
      why: "divisor override, also against countIncludePad",
      inputs: [[1, 2, 5, 9, 7]],
      given: { kernel: 3, stride: 2, padding: 1, countIncludePad: false, divisorOverride: 7 },
    },
    { why: "gaps between windows", inputs: [[1, 2, 7, 17, 9]], given: { kernel: 2, stride: [3, 5, 4] } },
    {
      why: "thousands of terms of one sign",
      inputs: [{ shape: [1, 2, 18, 19, 20], values: "positive" }],
      given: { kernel: [17, 18, 19], stride: 1 },
    },
  ],
};
