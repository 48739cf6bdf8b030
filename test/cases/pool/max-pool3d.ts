import { type MaxPool3dAttributes, type MaxPool3dGiven, maxPool3d } from "../../../src/ops/pool/max-pool.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

const nan = Number.NaN;
const low = Number.NEGATIVE_INFINITY;

export const maxPool3dCases: OperatorCases<MaxPool3dAttributes, MaxPool3dGiven> = {
  operator: maxPool3d,
  reference([x], { kernel, stride, padding, dilation, ceilMode, indices }) {
    const [items, channels, depth, height, width] = x!.shape as [number, number, number, number, number];
    const count = (size: number, axis: 0 | 1 | 2) => {
      const padded = size + padding[axis] + padding[axis + 3]!;
      const steps = (padded - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis];
      if (!ceilMode) return Math.floor(steps) + 1;
      const startsTooLate = Math.ceil(steps) * stride[axis] >= size + padding[axis];
      return Math.ceil(steps) + (startsTooLate ? 0 : 1);
    };
    const [outDepth, outHeight, outWidth] = [count(depth, 0), count(height, 1), count(width, 2)];
    const data = new Float64Array(items * channels * outDepth * outHeight * outWidth).fill(low);
    const where = new Float64Array(data.length).fill(-1);
    let element = 0;
    for (let volume = 0; volume < items * channels; volume++)
      for (let z = 0; z < outDepth; z++)
        for (let p = 0; p < outHeight; p++)
          for (let q = 0; q < outWidth; q++, element++)
            for (let t = 0; t < kernel[0]; t++)
              for (let r = 0; r < kernel[1]; r++)
                for (let s = 0; s < kernel[2]; s++) {
                  const d = z * stride[0] + t * dilation[0] - padding[0];
                  const h = p * stride[1] + r * dilation[1] - padding[1];
                  const w = q * stride[2] + s * dilation[2] - padding[2];
                  if (d < 0 || d >= depth || h < 0 || h >= height || w < 0 || w >= width) continue;
                  const index = (d * height + h) * width + w;
                  const value = x!.data[volume * depth * height * width + index]!;
                  const isFirst = where[element] === -1;
                  if (!isFirst && !(value > data[element]!) && !Number.isNaN(value)) continue;
                  data[element] = value;
                  where[element] = index;
                }
    const magnitude = new Float64Array(data.length);
    const maximum = { data, magnitude, exact: true } as const;
    return indices ? [maximum, { data: where, magnitude, exact: true }] : [maximum];
  },
  cases: [
    { why: "one voxel", inputs: [[1, 1, 1, 1, 1]], given: { kernel: 1, indices: true } },
    { why: "exact fit of 2x2x2 windows (U-Net)", inputs: [[1, 4, 8, 8, 16]], given: { kernel: 2 } },
    {
      why: "odd sizes, batch 2, indices",
      inputs: [{ shape: [2, 3, 5, 13, 15], values: "distinct" }],
      given: { kernel: 3, stride: 2, padding: 1, indices: true },
    },
    {
      why: "several workgroups along every axis",
      inputs: [[2, 5, 6, 13, 37]],
      given: { kernel: 2, stride: 1, indices: true },
    },
    {
      why: "one slice deep: slices are left alone",
      inputs: [[1, 3, 1, 15, 17]],
      given: { kernel: [1, 2, 2], indices: true },
    },
    {
      why: "leftovers kept by ceil mode",
      inputs: [[1, 3, 5, 7, 9]],
      given: { kernel: 2, ceilMode: true, indices: true },
    },
    {
      why: "ceil mode drops a window that starts in the padding",
      inputs: [[1, 2, 5, 7, 6]],
      given: { kernel: 2, stride: 3, padding: 1, ceilMode: true, indices: true },
    },
    {
      why: "everything differs along the axes",
      inputs: [[1, 3, 9, 17, 16]],
      given: { kernel: [3, 5, 2], stride: [2, 3, 1], padding: [1, 2, 0], dilation: [3, 1, 2], indices: true },
    },
    {
      why: "asymmetric padding on six sides",
      inputs: [[1, 2, 6, 7, 9]],
      given: { kernel: [4, 3, 5], stride: 2, padding: [0, 1, 2, 2, 0, 1], indices: true },
    },
    {
      why: "dilation larger than the volume: no tap hits it",
      inputs: [[1, 2, 4, 6, 5]],
      given: { kernel: 2, stride: 1, padding: 1, dilation: [5, 1, 1], indices: true },
      gradient: "differences of infinities",
    },
    {
      why: "kernel larger than the volume",
      inputs: [[2, 2, 3, 4, 2]],
      given: { kernel: 7, stride: 2, padding: 3, indices: true },
    },
    {
      why: "ties: the first maximum wins, slices before rows",
      inputs: [{ shape: [1, 1, 2, 2, 3], values: [1, 0, 1, 2, 1, 0, 1, 2, 2, 2, 0, 1] }],
      given: { kernel: [2, 2, 2], stride: 1, indices: true },
      gradient: "it jumps at ties",
    },
    {
      why: "NaN wins, the last of them",
      inputs: [{ shape: [1, 1, 2, 2, 3], values: [nan, 1, 9, 2, 3, 5, 7, nan, 1, 2, 4, 8] }],
      given: { kernel: 2, stride: 1, indices: true },
    },
  ],
};
