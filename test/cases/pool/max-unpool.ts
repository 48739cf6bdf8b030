import {
  type MaxUnpool2dAttributes,
  type MaxUnpool2dGiven,
  type MaxUnpool3dAttributes,
  type MaxUnpool3dGiven,
  maxUnpool2d,
  maxUnpool3d,
} from "../../../src/ops/pool/max-unpool.ts";
import type { InputSpec, OperatorCases, ReferenceTensor } from "../../support/operator-cases.ts";
import { createRandom } from "../../support/random.ts";

interface Pool {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  /** Before the first pixel along each axis. */
  readonly before: readonly number[];
  /** Of the pool's input. */
  readonly size: readonly number[];
}

/** x [N, C, ...counts] and, for each window, a random place inside of it: what a pool of random numbers gives. */
function pooled(items: number, channels: number, counts: readonly number[], pool: Pool): (InputSpec | number[])[] {
  const random = createRandom(7);
  const shape = [items, channels, ...counts];
  const windows = counts.reduce((product, count) => product * count, 1);
  const values = Array.from({ length: items * channels * windows }, (_, i) => {
    let rest = i % windows;
    let index = 0;
    let step = 1;
    for (let axis = counts.length - 1; axis >= 0; axis--) {
      const start = (rest % counts[axis]!) * pool.stride[axis]! - pool.before[axis]!;
      rest = Math.floor(rest / counts[axis]!);
      const from = Math.max(start, 0);
      const to = Math.min(start + pool.kernel[axis]!, pool.size[axis]!);
      index += step * (from + Math.floor(random() * (to - from)));
      step *= pool.size[axis]!;
    }
    return index;
  });
  return [shape, { shape, dtype: "i32", values }];
}

/** Scatters in row-major order, where the kernel gathers. */
function scatter([x, indices]: readonly ReferenceTensor[], size: readonly number[]) {
  const [items, channels, ...counts] = x!.shape as [number, number, ...number[]];
  const windows = counts.reduce((product, count) => product * count, 1);
  const plane = size.reduce((product, count) => product * count, 1);
  const data = new Float64Array(items * channels * plane);
  x!.data.forEach((value, i) => {
    data[Math.floor(i / windows) * plane + indices!.data[i]!] = value;
  });
  return [{ data, magnitude: new Float64Array(data.length), exact: true }] as const;
}

export const maxUnpool2dCases: OperatorCases<MaxUnpool2dAttributes, MaxUnpool2dGiven> = {
  operator: maxUnpool2d,
  reference(inputs, { kernel, stride, padding, outputSize }) {
    const [, , rows, columns] = inputs[0]!.shape as [number, number, number, number];
    const height = outputSize?.[0] ?? (rows - 1) * stride[0] + kernel[0] - padding[0] - padding[2];
    const width = outputSize?.[1] ?? (columns - 1) * stride[1] + kernel[1] - padding[1] - padding[3];
    return scatter(inputs, [height, width]);
  },
  cases: [
    {
      why: "one pixel",
      inputs: pooled(1, 1, [1, 1], { kernel: [1, 1], stride: [1, 1], before: [0, 0], size: [1, 1] }),
      given: { kernel: 1 },
    },
    {
      why: "windows side by side (SegNet), batch 2",
      inputs: pooled(2, 5, [7, 9], { kernel: [2, 2], stride: [2, 2], before: [0, 0], size: [14, 18] }),
      given: { kernel: 2 },
    },
    {
      why: "overlapping windows that chose the same pixel: the last wins",
      inputs: pooled(2, 3, [7, 8], { kernel: [3, 3], stride: [2, 2], before: [1, 1], size: [13, 15] }),
      given: { kernel: 3, stride: 2, padding: 1 },
      gradient: "each of several windows gets the gradient of the pixel that they share",
    },
    {
      why: "leftover row and column by outputSize",
      inputs: pooled(1, 3, [7, 8], { kernel: [2, 2], stride: [2, 2], before: [0, 0], size: [15, 17] }),
      given: { kernel: 2, outputSize: [15, 17] },
    },
    {
      why: "gaps between windows, strides and padding differ",
      inputs: pooled(1, 2, [3, 4], { kernel: [2, 4], stride: [5, 3], before: [0, 2], size: [12, 11] }),
      given: { kernel: [2, 4], stride: [5, 3], padding: [0, 2, 0, 0] },
      gradient: "each of several windows gets the gradient of the pixel that they share",
    },
    {
      why: "several workgroups along every axis",
      inputs: pooled(2, 7, [19, 35], { kernel: [2, 2], stride: [2, 2], before: [0, 0], size: [38, 70] }),
      given: { kernel: 2 },
    },
  ],
};

export const maxUnpool3dCases: OperatorCases<MaxUnpool3dAttributes, MaxUnpool3dGiven> = {
  operator: maxUnpool3d,
  reference(inputs, { kernel, stride, padding, outputSize }) {
    const [, , ...counts] = inputs[0]!.shape as [number, number, number, number, number];
    const axes = [0, 1, 2] as const;
    const fitting = axes.map((a) => (counts[a]! - 1) * stride[a] + kernel[a] - padding[a] - padding[a + 3]!);
    return scatter(inputs, outputSize ?? fitting);
  },
  cases: [
    {
      why: "windows side by side, batch 2",
      inputs: pooled(2, 3, [3, 4, 7], { kernel: [2, 2, 2], stride: [2, 2, 2], before: [0, 0, 0], size: [6, 8, 14] }),
      given: { kernel: 2 },
    },
    {
      why: "one slice deep",
      inputs: pooled(1, 3, [1, 5, 7], { kernel: [1, 2, 2], stride: [1, 2, 2], before: [0, 0, 0], size: [1, 10, 14] }),
      given: { kernel: [1, 2, 2] },
    },
    {
      why: "overlapping windows, padding, batch 2",
      inputs: pooled(2, 3, [3, 4, 5], { kernel: [3, 3, 3], stride: [2, 2, 2], before: [1, 1, 1], size: [5, 7, 9] }),
      given: { kernel: 3, stride: 2, padding: 1 },
      gradient: "each of several windows gets the gradient of the pixel that they share",
    },
    {
      why: "everything differs along the axes, outputSize",
      inputs: pooled(1, 2, [4, 3, 2], { kernel: [2, 4, 3], stride: [1, 2, 4], before: [1, 0, 1], size: [4, 9, 7] }),
      given: { kernel: [2, 4, 3], stride: [1, 2, 4], padding: [1, 0, 1, 0, 0, 0], outputSize: [4, 9, 7] },
      gradient: "each of several windows gets the gradient of the pixel that they share",
    },
    {
      why: "several workgroups along every axis",
      inputs: pooled(2, 5, [3, 7, 19], { kernel: [2, 2, 2], stride: [2, 2, 2], before: [0, 0, 0], size: [6, 14, 38] }),
      given: { kernel: 2 },
    },
  ],
};
