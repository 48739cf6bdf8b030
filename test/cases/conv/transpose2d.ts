import {
  type ConvTranspose2dAttributes,
  type ConvTranspose2dGiven,
  convTranspose2d,
} from "../../../src/ops/conv/conv2d.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

export const convTranspose2dCases: OperatorCases<ConvTranspose2dAttributes, ConvTranspose2dGiven> = {
  operator: convTranspose2d,
  // Scatters, where the kernels gather.
  reference([x, w], { stride, padding, dilation, groups, outputPadding }) {
    const [items, channels, height, width] = x!.shape as [number, number, number, number];
    const [, groupOut, rows, columns] = w!.shape as [number, number, number, number];
    const outHeight =
      (height - 1) * stride[0] - padding[0] - padding[2] + dilation[0] * (rows - 1) + outputPadding[0] + 1;
    const outWidth =
      (width - 1) * stride[1] - padding[1] - padding[3] + dilation[1] * (columns - 1) + outputPadding[1] + 1;
    const data = new Float64Array(items * groupOut * groups * outHeight * outWidth);
    const magnitude = new Float64Array(data.length);
    for (let n = 0; n < items; n++)
      for (let c = 0; c < channels; c++)
        for (let h = 0; h < height; h++)
          for (let v = 0; v < width; v++)
            for (let j = 0; j < groupOut; j++)
              for (let r = 0; r < rows; r++)
                for (let s = 0; s < columns; s++) {
                  const p = h * stride[0] + r * dilation[0] - padding[0];
                  const q = v * stride[1] + s * dilation[1] - padding[1];
                  if (p < 0 || p >= outHeight || q < 0 || q >= outWidth) continue;
                  const k = Math.floor(c / (channels / groups)) * groupOut + j;
                  const element = ((n * groupOut * groups + k) * outHeight + p) * outWidth + q;
                  const product =
                    x!.data[((n * channels + c) * height + h) * width + v]! *
                    w!.data[((c * groupOut + j) * rows + r) * columns + s]!;
                  data[element]! += product;
                  magnitude[element]! += Math.abs(product);
                }
    return [{ data, magnitude }];
  },
  cases: [
    {
      why: "1x1 kernel, one pixel",
      inputs: [
        [1, 1, 1, 1],
        [1, 1, 1, 1],
      ],
      given: {},
    },
    {
      why: "decoder: 3x3, stride 2, output padding 1",
      inputs: [
        [1, 16, 8, 8],
        [16, 16, 3, 3],
      ],
      given: { stride: 2, padding: 1, outputPadding: 1 },
    },
    {
      why: "decoder with leftovers, batch 2",
      inputs: [
        [2, 5, 7, 11],
        [5, 9, 3, 3],
      ],
      given: { stride: 2, padding: 1, outputPadding: 1 },
    },
    {
      why: "several workgroups along every axis",
      inputs: [
        [1, 3, 19, 37],
        [3, 20, 3, 3],
      ],
      given: { stride: 2, padding: 1, outputPadding: 1 },
    },
    {
      why: "odd output: stride 2 without output padding",
      inputs: [
        [1, 4, 6, 9],
        [4, 8, 3, 3],
      ],
      given: { stride: 2, padding: 1 },
    },
    {
      why: "kernel 2, stride 2: no overlap (U-Net)",
      inputs: [
        [1, 6, 9, 10],
        [6, 10, 2, 2],
      ],
      given: { stride: 2 },
    },
    {
      why: "kernel 4, stride 2, padding 1",
      inputs: [
        [1, 4, 7, 6],
        [4, 5, 4, 4],
      ],
      given: { stride: 2, padding: 1 },
    },
    {
      why: "stride 3 larger than the kernel: pixels that only bias reaches",
      inputs: [
        [1, 3, 5, 6],
        [3, 4, 2, 2],
      ],
      given: { stride: 3, outputPadding: 2 },
      epilogue: { bias: true },
    },
    {
      why: "kernel 16, stride 8 (FCN)",
      inputs: [
        [1, 3, 4, 5],
        [3, 3, 16, 16],
      ],
      given: { stride: 8, padding: 4 },
    },
    {
      why: "output smaller than the stride: phases without rows or columns",
      inputs: [
        [1, 3, 4, 1],
        [3, 4, 2, 2],
      ],
      given: { stride: [2, 3] },
    },
    {
      why: "stride 1",
      inputs: [
        [1, 4, 9, 12],
        [4, 8, 3, 3],
      ],
      given: { padding: 1 },
    },
    {
      why: "strides and output paddings differ",
      inputs: [
        [1, 3, 6, 7],
        [3, 4, 3, 2],
      ],
      given: { stride: [3, 1], outputPadding: [2, 0] },
    },
    {
      why: "asymmetric padding",
      inputs: [
        [1, 2, 6, 5],
        [2, 3, 4, 3],
      ],
      given: { stride: 2, padding: [0, 1, 2, 3] },
    },
    {
      why: "padding larger than the kernel crops the input",
      inputs: [
        [1, 2, 9, 8],
        [2, 3, 3, 3],
      ],
      given: { stride: 2, padding: 4 },
    },
    {
      why: "dilation 2 with stride 2: some phases have no taps",
      inputs: [
        [1, 3, 6, 7],
        [3, 4, 3, 3],
      ],
      given: { stride: 2, dilation: 2, padding: 2, outputPadding: 1 },
    },
    {
      why: "dilation 3 with stride 2",
      inputs: [
        [1, 3, 6, 7],
        [3, 4, 3, 3],
      ],
      given: { stride: 2, dilation: 3, padding: 3 },
    },
    {
      why: "output padding allowed by the dilation alone",
      inputs: [
        [1, 2, 5, 6],
        [2, 2, 2, 3],
      ],
      given: { dilation: 3, outputPadding: 2 },
    },
    {
      why: "asymmetric kernel 1x7",
      inputs: [
        [1, 4, 6, 9],
        [4, 4, 1, 7],
      ],
      given: { stride: [1, 2], padding: [0, 3], outputPadding: [0, 1] },
    },
    {
      why: "groups 2, batch 2",
      inputs: [
        [2, 6, 5, 7],
        [6, 5, 3, 3],
      ],
      given: { stride: 2, padding: 1, outputPadding: 1, groups: 2 },
    },
    {
      why: "depthwise (bilinear upsampling kernels)",
      inputs: [
        [1, 5, 6, 8],
        [5, 1, 4, 4],
      ],
      given: { stride: 2, padding: 1, groups: 5 },
    },
    {
      why: "many channels, tiny image",
      inputs: [
        [1, 70, 2, 2],
        [70, 34, 3, 3],
      ],
      given: { stride: 2, padding: 1, outputPadding: 1 },
    },
    {
      why: "bias, residual and ReLU",
      inputs: [
        [2, 8, 6, 8],
        [8, 12, 3, 3],
      ],
      given: { stride: 2, padding: 1, outputPadding: 1 },
      epilogue: { bias: true, residual: true, activation: { kind: "relu" } },
    },
    {
      why: "residual and leaky ReLU, leftovers",
      inputs: [
        [1, 3, 5, 7],
        [3, 5, 3, 3],
      ],
      given: { stride: 2, padding: 1 },
      epilogue: { residual: true, activation: { kind: "leaky-relu", slope: 0.2 } },
    },
    {
      why: "bias and sigmoid",
      inputs: [
        [1, 4, 6, 6],
        [4, 3, 2, 2],
      ],
      given: { stride: 2 },
      epilogue: { bias: true, activation: { kind: "sigmoid" } },
    },
    {
      why: "stride 3 in tiles, batch 2",
      inputs: [
        [2, 4, 5, 7],
        [4, 9, 5, 5],
      ],
      given: { stride: 3, padding: 1, outputPadding: 1 },
    },
    {
      why: "kernel 4, stride 4, groups 2",
      inputs: [
        [1, 4, 3, 5],
        [4, 6, 4, 4],
      ],
      given: { stride: 4, groups: 2 },
    },
  ],
};
