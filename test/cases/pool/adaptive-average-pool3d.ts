import {
  type AdaptiveAveragePool3dAttributes,
  type AdaptiveAveragePool3dGiven,
  adaptiveAveragePool3d,
} from "../../../src/ops/pool/adaptive-average-pool.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

export const adaptiveAveragePool3dCases: OperatorCases<AdaptiveAveragePool3dAttributes, AdaptiveAveragePool3dGiven> = {
  operator: adaptiveAveragePool3d,
  reference([x], { outputSize }) {
    const [items, channels, ...sizes] = x!.shape as [number, number, number, number, number];
    const [depth, height, width] = sizes;
    const [outDepth, outHeight, outWidth] = outputSize;
    const data = new Float64Array(items * channels * outDepth * outHeight * outWidth);
    const magnitude = new Float64Array(data.length);
    // Voxel i spans [i, i + 1), window o [o, o + 1) * size / outSize: the voxels that a window touches.
    const touches = (i: number, o: number, axis: 0 | 1 | 2) =>
      (i + 1) * outputSize[axis] > o * sizes[axis]! && i * outputSize[axis] < (o + 1) * sizes[axis]!;
    let element = 0;
    for (let volume = 0; volume < items * channels; volume++)
      for (let z = 0; z < outDepth; z++)
        for (let p = 0; p < outHeight; p++)
          for (let q = 0; q < outWidth; q++, element++) {
            let voxels = 0;
            for (let d = 0; d < depth; d++)
              for (let h = 0; h < height; h++)
                for (let w = 0; w < width; w++) {
                  if (!touches(d, z, 0) || !touches(h, p, 1) || !touches(w, q, 2)) continue;
                  const value = x!.data[((volume * depth + d) * height + h) * width + w]!;
                  voxels++;
                  data[element]! += value;
                  magnitude[element]! += Math.abs(value);
                }
            data[element]! /= voxels;
            magnitude[element]! /= voxels;
          }
    return [{ data, magnitude }];
  },
  cases: [
    { why: "one voxel", inputs: [[1, 1, 1, 1, 1]], given: { outputSize: 1 } },
    { why: "sizes that divide", inputs: [[1, 4, 8, 8, 8]], given: { outputSize: 4 } },
    { why: "same size: a copy", inputs: [[1, 3, 4, 13, 5]], given: { outputSize: [4, 13, 5] } },
    { why: "windows overlap, batch 2", inputs: [[2, 3, 5, 13, 9]], given: { outputSize: [3, 5, 7] } },
    { why: "one slice deep, to many", inputs: [[1, 3, 1, 6, 7]], given: { outputSize: [3, 4, 5] } },
    { why: "larger and smaller", inputs: [[2, 3, 5, 3, 17]], given: { outputSize: [2, 7, 4] } },
    { why: "several workgroups along every axis", inputs: [[2, 5, 7, 9, 40]], given: { outputSize: [5, 8, 37] } },
    { why: "global, odd sizes, several workgroups", inputs: [[3, 11, 5, 7, 15]], given: { outputSize: 1 } },
    { why: "global, wider than the lanes", inputs: [[1, 3, 3, 2, 67]], given: { outputSize: 1 } },
    { why: "large windows that overlap", inputs: [[2, 3, 9, 13, 15]], given: { outputSize: [2, 3, 2] } },
    {
      why: "thousands of terms of one sign",
      inputs: [{ shape: [1, 2, 17, 20, 21], values: "positive" }],
      given: { outputSize: 1 },
    },
  ],
};
