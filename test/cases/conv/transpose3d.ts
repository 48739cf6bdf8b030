import {
  type ConvTranspose3dAttributes,
  type ConvTranspose3dGiven,
  convTranspose3d,
} from "../../../src/ops/conv/conv3d.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

export const convTranspose3dCases: OperatorCases<ConvTranspose3dAttributes, ConvTranspose3dGiven> = {
  operator: convTranspose3d,
  // Scatters, where the kernels gather.
  reference([x, weight], { stride, padding, dilation, groups, outputPadding }) {
    const [items, channels, ...sizes] = x!.shape as [number, number, number, number, number];
    const [, groupOut, ...kernel] = weight!.shape as [number, number, number, number, number];
    const [depth, height, width] = sizes;
    const [slices, rows, columns] = kernel;
    const reach = (axis: 0 | 1 | 2) => {
      const spread = (sizes[axis]! - 1) * stride[axis] + dilation[axis] * (kernel[axis]! - 1) + 1;
      return spread - padding[axis] - padding[axis + 3]! + outputPadding[axis];
    };
    const [outDepth, outHeight, outWidth] = [reach(0), reach(1), reach(2)];
    const data = new Float64Array(items * groupOut * groups * outDepth * outHeight * outWidth);
    const magnitude = new Float64Array(data.length);
    for (let n = 0; n < items; n++)
      for (let c = 0; c < channels; c++)
        for (let d = 0; d < depth; d++)
          for (let h = 0; h < height; h++)
            for (let w = 0; w < width; w++)
              for (let j = 0; j < groupOut; j++)
                for (let t = 0; t < slices; t++)
                  for (let r = 0; r < rows; r++)
                    for (let s = 0; s < columns; s++) {
                      const z = d * stride[0] + t * dilation[0] - padding[0];
                      const p = h * stride[1] + r * dilation[1] - padding[1];
                      const q = w * stride[2] + s * dilation[2] - padding[2];
                      if (z < 0 || z >= outDepth || p < 0 || p >= outHeight || q < 0 || q >= outWidth) continue;
                      const k = Math.floor(c / (channels / groups)) * groupOut + j;
                      const element = (((n * groupOut * groups + k) * outDepth + z) * outHeight + p) * outWidth + q;
                      const product =
                        x!.data[(((n * channels + c) * depth + d) * height + h) * width + w]! *
                        weight!.data[(((c * groupOut + j) * slices + t) * rows + r) * columns + s]!;
                      data[element]! += product;
                      magnitude[element]! += Math.abs(product);
                    }
    return [{ data, magnitude }];
  },
  cases: [
    {
      why: "1x1x1 kernel, one voxel",
      inputs: [
        [1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1],
      ],
      given: {},
    },
    {
      why: "kernel 2, stride 2: no overlap (U-Net)",
      inputs: [
        [1, 6, 3, 5, 8],
        [6, 10, 2, 2, 2],
      ],
      given: { stride: 2 },
    },
    {
      why: "decoder with leftovers, batch 2",
      inputs: [
        [2, 5, 3, 4, 7],
        [5, 9, 3, 3, 3],
      ],
      given: { stride: 2, padding: 1, outputPadding: 1 },
    },
    {
      why: "several workgroups along every axis",
      inputs: [
        [1, 3, 3, 7, 19],
        [3, 20, 3, 3, 3],
      ],
      given: { stride: 2, padding: 1, outputPadding: 1 },
    },
    {
      why: "one slice deep, kernel 1x2x2, stride 1x2x2 (nnU-Net)",
      inputs: [
        [1, 4, 1, 6, 9],
        [4, 8, 1, 2, 2],
      ],
      given: { stride: [1, 2, 2] },
    },
    {
      why: "odd output: stride 2 without output padding",
      inputs: [
        [1, 4, 4, 3, 7],
        [4, 5, 3, 3, 3],
      ],
      given: { stride: 2, padding: 1 },
    },
    {
      why: "kernel 4, stride 2, padding 1",
      inputs: [
        [1, 4, 3, 4, 5],
        [4, 5, 4, 4, 4],
      ],
      given: { stride: 2, padding: 1 },
    },
    {
      why: "stride 3 larger than the kernel: voxels that only bias reaches",
      inputs: [
        [1, 3, 3, 4, 5],
        [3, 4, 2, 2, 2],
      ],
      given: { stride: 3, outputPadding: 2 },
      epilogue: { bias: true },
    },
    {
      why: "output smaller than the stride: phases without slices, rows or columns",
      inputs: [
        [1, 3, 3, 1, 1],
        [3, 4, 2, 1, 2],
      ],
      given: { stride: [2, 2, 3] },
    },
    {
      why: "stride 1",
      inputs: [
        [1, 4, 3, 5, 9],
        [4, 8, 3, 3, 3],
      ],
      given: { padding: 1 },
    },
    {
      why: "strides, kernels and output paddings differ along the axes",
      inputs: [
        [1, 3, 4, 5, 6],
        [3, 4, 3, 2, 4],
      ],
      given: { stride: [3, 1, 2], padding: [1, 0, 2], outputPadding: [2, 0, 1] },
    },
    {
      why: "asymmetric padding on six sides",
      inputs: [
        [1, 2, 4, 5, 6],
        [2, 3, 4, 3, 5],
      ],
      given: { stride: 2, padding: [0, 1, 2, 3, 0, 1] },
    },
    {
      why: "padding larger than the kernel crops the input",
      inputs: [
        [1, 2, 6, 7, 8],
        [2, 3, 3, 3, 3],
      ],
      given: { stride: 2, padding: 4 },
    },
    {
      why: "dilation 2 with stride 2: some phases have no taps",
      inputs: [
        [1, 3, 3, 4, 5],
        [3, 4, 3, 3, 3],
      ],
      given: { stride: 2, dilation: 2, padding: 2, outputPadding: 1 },
    },
    {
      why: "dilation larger than the volume",
      inputs: [
        [1, 2, 2, 3, 4],
        [2, 3, 3, 3, 3],
      ],
      given: { stride: 2, dilation: [5, 7, 3], padding: [5, 7, 3] },
    },
    {
      why: "groups 2, batch 2",
      inputs: [
        [2, 6, 3, 4, 5],
        [6, 5, 3, 3, 3],
      ],
      given: { stride: 2, padding: 1, outputPadding: 1, groups: 2 },
    },
    {
      why: "depthwise (trilinear upsampling kernels)",
      inputs: [
        [1, 5, 3, 4, 6],
        [5, 1, 4, 4, 4],
      ],
      given: { stride: 2, padding: 1, groups: 5 },
    },
    {
      why: "bias, residual and ReLU",
      inputs: [
        [2, 4, 2, 4, 6],
        [4, 12, 2, 2, 2],
      ],
      given: { stride: 2 },
      epilogue: { bias: true, residual: true, activation: { kind: "relu" } },
    },
    {
      why: "residual and leaky ReLU, leftovers",
      inputs: [
        [1, 3, 3, 3, 5],
        [3, 5, 3, 3, 3],
      ],
      given: { stride: 2, padding: 1 },
      epilogue: { residual: true, activation: { kind: "leaky-relu", slope: 0.2 } },
    },
  ],
};
