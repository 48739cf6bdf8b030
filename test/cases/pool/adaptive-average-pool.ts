import {
  type AdaptiveAveragePool2dAttributes,
  type AdaptiveAveragePool2dGiven,
  adaptiveAveragePool2d,
} from "../../../src/ops/pool/adaptive-average-pool.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

export const adaptiveAveragePool2dCases: OperatorCases<AdaptiveAveragePool2dAttributes, AdaptiveAveragePool2dGiven> = {
  operator: adaptiveAveragePool2d,
  reference([x], { outputSize }) {
    const [items, channels, height, width] = x!.shape as [number, number, number, number];
    const [outHeight, outWidth] = outputSize;
    const data = new Float64Array(items * channels * outHeight * outWidth);
    const magnitude = new Float64Array(data.length);
    let element = 0;
    for (let plane = 0; plane < items * channels; plane++)
      for (let p = 0; p < outHeight; p++)
        for (let q = 0; q < outWidth; q++, element++) {
          let pixels = 0;
          for (let h = 0; h < height; h++)
            for (let w = 0; w < width; w++) {
              // Pixel h spans [h, h + 1), window p [p, p + 1) * height / outHeight: the pixels that a window touches.
              const touchesRow = (h + 1) * outHeight > p * height && h * outHeight < (p + 1) * height;
              const touchesColumn = (w + 1) * outWidth > q * width && w * outWidth < (q + 1) * width;
              if (!touchesRow || !touchesColumn) continue;
              const value = x!.data[(plane * height + h) * width + w]!;
              pixels++;
              data[element]! += value;
              magnitude[element]! += Math.abs(value);
            }
          data[element]! /= pixels;
          magnitude[element]! /= pixels;
        }
    return [{ data, magnitude }];
  },
  cases: [
    { why: "one pixel", inputs: [[1, 1, 1, 1]], given: { outputSize: 1 } },
    { why: "sizes that divide", inputs: [[1, 8, 16, 16]], given: { outputSize: 4 } },
    { why: "same size: a copy", inputs: [[1, 3, 13, 15]], given: { outputSize: [13, 15] } },
    { why: "windows overlap, batch 2", inputs: [[2, 5, 13, 19]], given: { outputSize: [5, 7] } },
    { why: "pyramid pooling: 6 of 16", inputs: [[1, 20, 16, 16]], given: { outputSize: 6 } },
    { why: "larger than the input", inputs: [[1, 4, 3, 5]], given: { outputSize: [7, 17] } },
    { why: "larger and smaller", inputs: [[2, 3, 5, 17]], given: { outputSize: [9, 4] } },
    { why: "several workgroups along every axis", inputs: [[2, 7, 40, 45]], given: { outputSize: [37, 41] } },
    { why: "global, small plane", inputs: [[2, 13, 7, 5]], given: { outputSize: 1 } },
    { why: "global, rows a multiple of the lanes", inputs: [[2, 5, 6, 64]], given: { outputSize: 1 } },
    { why: "global, odd sizes, several workgroups", inputs: [[3, 19, 17, 15]], given: { outputSize: 1 } },
    { why: "global, wider than the lanes", inputs: [[1, 3, 5, 131]], given: { outputSize: 1 } },
    { why: "global, narrower than the lanes", inputs: [[1, 3, 131, 3]], given: { outputSize: 1 } },
    { why: "large windows that overlap, several workgroups", inputs: [[2, 3, 50, 61]], given: { outputSize: [3, 5] } },
    {
      why: "thousands of terms of one sign",
      inputs: [{ shape: [1, 2, 77, 90], values: "positive" }],
      given: { outputSize: 1 },
    },
  ],
};
