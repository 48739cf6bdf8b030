import { type Conv2dAttributes, type Conv2dGiven, conv2d } from "../../../src/ops/conv/conv2d.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

export const conv2dCases: OperatorCases<Conv2dAttributes, Conv2dGiven> = {
  operator: conv2d,
  reference([x, w], { stride, padding, dilation, groups }) {
    const [items, channels, height, width] = x!.shape as [number, number, number, number];
    const [outChannels, groupChannels, rows, columns] = w!.shape as [number, number, number, number];
    const outHeight = Math.floor((height + padding[0] + padding[2] - dilation[0] * (rows - 1) - 1) / stride[0]) + 1;
    const outWidth = Math.floor((width + padding[1] + padding[3] - dilation[1] * (columns - 1) - 1) / stride[1]) + 1;
    const data = new Float64Array(items * outChannels * outHeight * outWidth);
    const magnitude = new Float64Array(data.length);
    let element = 0;
    for (let n = 0; n < items; n++)
      for (let k = 0; k < outChannels; k++)
        for (let p = 0; p < outHeight; p++)
          for (let q = 0; q < outWidth; q++, element++)
            for (let c = 0; c < groupChannels; c++)
              for (let r = 0; r < rows; r++)
                for (let s = 0; s < columns; s++) {
                  const h = p * stride[0] + r * dilation[0] - padding[0];
                  const v = q * stride[1] + s * dilation[1] - padding[1];
                  if (h < 0 || h >= height || v < 0 || v >= width) continue;
                  const channel = Math.floor(k / (outChannels / groups)) * groupChannels + c;
                  const product =
                    x!.data[((n * channels + channel) * height + h) * width + v]! *
                    w!.data[((k * groupChannels + c) * rows + r) * columns + s]!;
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
      why: "exact fit of tiles",
      inputs: [
        [1, 8, 16, 16],
        [16, 8, 3, 3],
      ],
      given: { padding: 1 },
    },
    {
      why: "leftover rows, columns and channels, batch 2",
      inputs: [
        [2, 5, 13, 19],
        [7, 5, 3, 3],
      ],
      given: { padding: 1 },
    },
    {
      why: "several workgroups along every axis",
      inputs: [
        [1, 3, 37, 70],
        [20, 3, 3, 3],
      ],
      given: { padding: 1 },
    },
    {
      why: "stem: 7x7, stride 2, padding 3",
      inputs: [
        [1, 3, 32, 48],
        [16, 3, 7, 7],
      ],
      given: { stride: 2, padding: 3 },
    },
    {
      why: "stride 2 on odd sizes",
      inputs: [
        [1, 4, 15, 17],
        [9, 4, 3, 3],
      ],
      given: { stride: 2, padding: 1 },
    },
    {
      why: "strides differ",
      inputs: [
        [1, 3, 17, 16],
        [4, 3, 3, 2],
      ],
      given: { stride: [3, 1] },
    },
    {
      why: "asymmetric padding",
      inputs: [
        [1, 2, 9, 11],
        [3, 2, 3, 4],
      ],
      given: { padding: [0, 1, 2, 3] },
    },
    {
      why: "asymmetric kernel 1x7",
      inputs: [
        [1, 6, 12, 15],
        [6, 6, 1, 7],
      ],
      given: { padding: [0, 3] },
    },
    {
      why: "asymmetric kernel 7x1",
      inputs: [
        [1, 6, 12, 15],
        [6, 6, 7, 1],
      ],
      given: { padding: [3, 0] },
    },
    {
      why: "dilation 3",
      inputs: [
        [1, 4, 19, 24],
        [8, 4, 3, 3],
      ],
      given: { dilation: 3, padding: 3 },
    },
    {
      why: "dilation larger than the image",
      inputs: [
        [1, 2, 5, 6],
        [3, 2, 3, 3],
      ],
      given: { dilation: 7, padding: 7 },
    },
    {
      why: "groups 2",
      inputs: [
        [2, 6, 9, 10],
        [8, 3, 3, 3],
      ],
      given: { groups: 2, padding: 1 },
    },
    {
      why: "groups with 4 channels each",
      inputs: [
        [1, 12, 8, 12],
        [24, 4, 3, 3],
      ],
      given: { groups: 3, padding: 1 },
    },
    {
      why: "depthwise",
      inputs: [
        [2, 13, 15, 17],
        [13, 1, 3, 3],
      ],
      given: { groups: 13, padding: 1 },
    },
    {
      why: "depthwise, dilation 5",
      inputs: [
        [1, 8, 16, 16],
        [8, 1, 3, 3],
      ],
      given: { groups: 8, dilation: 5, padding: 5 },
    },
    {
      why: "depthwise, two outputs per channel",
      inputs: [
        [1, 6, 9, 8],
        [12, 1, 3, 3],
      ],
      given: { groups: 6, padding: 1 },
    },
    {
      why: "depthwise, stride 2, 5x5",
      inputs: [
        [1, 5, 14, 13],
        [5, 1, 5, 5],
      ],
      given: { groups: 5, padding: 2, stride: 2 },
    },
    {
      why: "pointwise",
      inputs: [
        [1, 24, 12, 12],
        [40, 24, 1, 1],
      ],
      given: {},
    },
    {
      why: "pointwise, odd sizes, batch 3",
      inputs: [
        [3, 13, 7, 5],
        [19, 13, 1, 1],
      ],
      given: {},
    },
    {
      why: "pointwise, stride 2 (shortcut)",
      inputs: [
        [1, 16, 14, 14],
        [32, 16, 1, 1],
      ],
      given: { stride: 2 },
    },
    {
      why: "many channels, tiny image",
      inputs: [
        [1, 130, 3, 3],
        [70, 130, 3, 3],
      ],
      given: { padding: 1 },
    },
    {
      why: "two classes out",
      inputs: [
        [1, 8, 20, 24],
        [2, 8, 3, 3],
      ],
      given: { padding: 1 },
    },
    {
      why: "bias",
      inputs: [
        [2, 5, 9, 12],
        [6, 5, 3, 3],
      ],
      given: { padding: 1 },
      epilogue: { bias: true },
    },
    {
      why: "bias, residual and ReLU",
      inputs: [
        [2, 8, 12, 16],
        [16, 8, 3, 3],
      ],
      given: { padding: 1 },
      epilogue: { bias: true, residual: true, activation: { kind: "relu" } },
    },
    {
      why: "residual and leaky ReLU, leftovers",
      inputs: [
        [1, 3, 11, 13],
        [5, 3, 3, 3],
      ],
      given: { padding: 1 },
      epilogue: { residual: true, activation: { kind: "leaky-relu", slope: 0.2 } },
    },
    {
      why: "pointwise, bias, residual, ReLU",
      inputs: [
        [2, 16, 6, 10],
        [24, 16, 1, 1],
      ],
      given: {},
      epilogue: { bias: true, residual: true, activation: { kind: "relu" } },
    },
    {
      why: "depthwise, bias and sigmoid",
      inputs: [
        [1, 7, 12, 9],
        [7, 1, 3, 3],
      ],
      given: { groups: 7, padding: 3, dilation: 3 },
      epilogue: { bias: true, activation: { kind: "sigmoid" } },
    },
    {
      why: "depthwise rows: dilation 6 in 4s, leftover rows, batch 2, bias, residual and ReLU",
      inputs: [
        [2, 3, 29, 20],
        [3, 1, 3, 3],
      ],
      given: { groups: 3, dilation: 6, padding: 6 },
      epilogue: { bias: true, residual: true, activation: { kind: "relu" } },
    },
    {
      why: "depthwise rows: dilation beyond half the image, two outputs per channel",
      inputs: [
        [1, 3, 13, 12],
        [6, 1, 3, 3],
      ],
      given: { groups: 3, dilation: [9, 7], padding: [9, 7] },
      epilogue: { residual: true },
    },
    {
      why: "depthwise rows: 4x2 kernel, padding on the right alone, wider input",
      inputs: [
        [1, 4, 9, 20],
        [4, 1, 4, 2],
      ],
      given: { groups: 4, dilation: [1, 5], padding: [1, 0, 2, 1] },
    },
    {
      why: "depthwise rows: several workgroups",
      inputs: [
        [1, 17, 16, 24],
        [17, 1, 5, 5],
      ],
      given: { groups: 17, padding: 2 },
    },
    {
      why: "depthwise rows: several vec4 per lane, dilation 30 in 4s, batch 2",
      inputs: [
        [2, 3, 9, 100],
        [3, 1, 3, 3],
      ],
      given: { groups: 3, dilation: [2, 30], padding: [2, 30] },
      epilogue: { bias: true },
    },
    {
      why: "depthwise rows: dilation beyond a lane's next vec4",
      inputs: [
        [1, 2, 7, 64],
        [2, 1, 3, 3],
      ],
      given: { groups: 2, dilation: 36, padding: 36 },
    },
    {
      why: "depthwise rows: channels share lanes, the last alone",
      inputs: [
        [2, 9, 8, 8],
        [9, 1, 3, 3],
      ],
      given: { groups: 9, dilation: 3, padding: 3 },
      epilogue: { residual: true, activation: { kind: "relu" } },
    },
    {
      why: "depthwise rows: fewer output columns than input columns",
      inputs: [
        [1, 5, 6, 72],
        [5, 1, 3, 5],
      ],
      given: { groups: 5, dilation: [1, 10], padding: [0, 4] },
    },
    {
      why: "pointwise: 40 channels in tiles of 24, pixels beyond a tile, input channels beyond a block, batch 2",
      inputs: [
        [2, 7, 6, 14],
        [40, 7, 1, 1],
      ],
      given: {},
      epilogue: { bias: true, residual: true, activation: { kind: "relu" } },
    },
    {
      why: "pointwise: strides 3 and 2, planes that are no whole vec4, batch 2",
      inputs: [
        [2, 9, 13, 14],
        [18, 9, 1, 1],
      ],
      given: { stride: [3, 2] },
      epilogue: { bias: true, residual: true, activation: { kind: "sigmoid" } },
    },
    {
      why: "pointwise: 7x7 pixels",
      inputs: [
        [1, 8, 7, 7],
        [70, 8, 1, 1],
      ],
      given: {},
    },
    {
      why: "pointwise: groups, fewer output channels than lanes",
      inputs: [
        [2, 12, 4, 9],
        [15, 4, 1, 1],
      ],
      given: { groups: 3 },
      epilogue: { bias: true },
    },
    {
      why: "pointwise: groups of 72 output channels, two input channels",
      inputs: [
        [1, 4, 10, 10],
        [144, 2, 1, 1],
      ],
      given: { groups: 2 },
    },
    {
      why: "5x5 in groups, batch 2, several channel tiles",
      inputs: [
        [2, 4, 11, 16],
        [24, 2, 5, 5],
      ],
      given: { groups: 2, padding: 2 },
    },
    {
      why: "1x2 kernel: two channels fill a vec4",
      inputs: [
        [1, 7, 5, 9],
        [9, 7, 1, 2],
      ],
      given: {},
    },
    {
      why: "dilation 12: columns read lie apart",
      inputs: [
        [1, 3, 13, 20],
        [8, 3, 3, 3],
      ],
      given: { dilation: 12, padding: 12 },
      epilogue: { residual: true },
    },
  ],
};
