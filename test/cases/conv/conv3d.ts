import { type Conv3dAttributes, type Conv3dGiven, conv3d } from "../../../src/ops/conv/conv3d.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

export const conv3dCases: OperatorCases<Conv3dAttributes, Conv3dGiven> = {
  operator: conv3d,
  reference([x, weight], { stride, padding, dilation, groups }) {
    const [items, channels, depth, height, width] = x!.shape as [number, number, number, number, number];
    const [outChannels, groupChannels, ...kernel] = weight!.shape as [number, number, number, number, number];
    const [slices, rows, columns] = kernel;
    const count = (size: number, axis: 0 | 1 | 2) => {
      const padded = size + padding[axis] + padding[axis + 3]!;
      return Math.floor((padded - dilation[axis] * (kernel[axis]! - 1) - 1) / stride[axis]) + 1;
    };
    const [outDepth, outHeight, outWidth] = [count(depth, 0), count(height, 1), count(width, 2)];
    const data = new Float64Array(items * outChannels * outDepth * outHeight * outWidth);
    const magnitude = new Float64Array(data.length);
    let element = 0;
    for (let n = 0; n < items; n++)
      for (let k = 0; k < outChannels; k++)
        for (let z = 0; z < outDepth; z++)
          for (let p = 0; p < outHeight; p++)
            for (let q = 0; q < outWidth; q++, element++)
              for (let c = 0; c < groupChannels; c++)
                for (let t = 0; t < slices; t++)
                  for (let r = 0; r < rows; r++)
                    for (let s = 0; s < columns; s++) {
                      const d = z * stride[0] + t * dilation[0] - padding[0];
                      const h = p * stride[1] + r * dilation[1] - padding[1];
                      const w = q * stride[2] + s * dilation[2] - padding[2];
                      if (d < 0 || d >= depth || h < 0 || h >= height || w < 0 || w >= width) continue;
                      const channel = Math.floor(k / (outChannels / groups)) * groupChannels + c;
                      const product =
                        x!.data[(((n * channels + channel) * depth + d) * height + h) * width + w]! *
                        weight!.data[(((k * groupChannels + c) * slices + t) * rows + r) * columns + s]!;
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
      why: "exact fit of tiles",
      inputs: [
        [1, 8, 4, 8, 16],
        [16, 8, 3, 3, 3],
      ],
      given: { padding: 1 },
    },
    {
      why: "leftover slices, rows, columns and channels, batch 2",
      inputs: [
        [2, 5, 5, 7, 13],
        [7, 5, 3, 3, 3],
      ],
      given: { padding: 1 },
    },
    {
      why: "several workgroups along every axis",
      inputs: [
        [1, 3, 5, 13, 37],
        [20, 3, 3, 3, 3],
      ],
      given: { padding: 1 },
    },
    {
      why: "one slice deep: an image among volumes",
      inputs: [
        [1, 4, 1, 13, 15],
        [8, 4, 3, 3, 3],
      ],
      given: { padding: 1 },
    },
    {
      why: "anisotropic kernel 1x3x3 (nnU-Net)",
      inputs: [
        [1, 4, 6, 9, 17],
        [8, 4, 1, 3, 3],
      ],
      given: { padding: [0, 1, 1] },
    },
    {
      why: "kernel along the slices alone",
      inputs: [
        [1, 4, 9, 5, 13],
        [8, 4, 3, 1, 1],
      ],
      given: { padding: [1, 0, 0] },
    },
    {
      why: "stem: 7x7x7, stride 2, padding 3",
      inputs: [
        [1, 2, 8, 12, 16],
        [8, 2, 7, 7, 7],
      ],
      given: { stride: 2, padding: 3 },
    },
    {
      why: "stride 2 on odd sizes",
      inputs: [
        [1, 4, 7, 9, 15],
        [9, 4, 3, 3, 3],
      ],
      given: { stride: 2, padding: 1 },
    },
    {
      why: "strides, paddings and dilations differ along the axes",
      inputs: [
        [1, 3, 9, 11, 16],
        [4, 3, 3, 2, 4],
      ],
      given: { stride: [2, 3, 1], padding: [3, 0, 2], dilation: [3, 1, 2] },
    },
    {
      why: "asymmetric padding on six sides",
      inputs: [
        [1, 2, 4, 5, 7],
        [3, 2, 3, 2, 4],
      ],
      given: { padding: [2, 0, 1, 0, 3, 2] },
    },
    {
      why: "dilation larger than the volume",
      inputs: [
        [1, 2, 3, 5, 6],
        [5, 2, 3, 3, 3],
      ],
      given: { dilation: 7, padding: 7 },
    },
    {
      why: "groups 2, batch 2",
      inputs: [
        [2, 6, 4, 5, 9],
        [8, 3, 3, 3, 3],
      ],
      given: { groups: 2, padding: 1 },
    },
    {
      why: "depthwise",
      inputs: [
        [2, 13, 3, 5, 17],
        [13, 1, 3, 3, 3],
      ],
      given: { groups: 13, padding: 1 },
    },
    {
      why: "depthwise, two outputs per channel, stride 2, dilation 2",
      inputs: [
        [1, 5, 7, 9, 13],
        [10, 1, 3, 3, 3],
      ],
      given: { groups: 5, padding: 2, stride: 2, dilation: 2 },
    },
    {
      why: "pointwise: a volume as one row",
      inputs: [
        [1, 12, 3, 4, 8],
        [20, 12, 1, 1, 1],
      ],
      given: {},
    },
    {
      why: "pointwise, odd sizes, batch 3",
      inputs: [
        [3, 7, 3, 5, 7],
        [9, 7, 1, 1, 1],
      ],
      given: {},
    },
    {
      why: "pointwise, stride 2 (shortcut)",
      inputs: [
        [1, 8, 6, 7, 9],
        [16, 8, 1, 1, 1],
      ],
      given: { stride: 2 },
    },
    {
      why: "many channels, tiny volume",
      inputs: [
        [1, 66, 2, 2, 3],
        [34, 66, 3, 3, 3],
      ],
      given: { padding: 1 },
    },
    {
      why: "bias, residual and ReLU",
      inputs: [
        [2, 4, 3, 6, 8],
        [16, 4, 3, 3, 3],
      ],
      given: { padding: 1 },
      epilogue: { bias: true, residual: true, activation: { kind: "relu" } },
    },
    {
      why: "residual and leaky ReLU, leftovers",
      inputs: [
        [1, 3, 3, 5, 13],
        [5, 3, 3, 3, 3],
      ],
      given: { padding: 1 },
      epilogue: { residual: true, activation: { kind: "leaky-relu", slope: 0.2 } },
    },
    {
      why: "pointwise, bias, residual, ReLU",
      inputs: [
        [2, 8, 3, 4, 5],
        [12, 8, 1, 1, 1],
      ],
      given: {},
      epilogue: { bias: true, residual: true, activation: { kind: "relu" } },
    },
    {
      why: "depthwise, bias and sigmoid",
      inputs: [
        [1, 7, 4, 6, 9],
        [7, 1, 3, 3, 3],
      ],
      given: { groups: 7, padding: 1 },
      epilogue: { bias: true, activation: { kind: "sigmoid" } },
    },
  ],
};
