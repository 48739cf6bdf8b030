import { type Resize3dAttributes, type Resize3dGiven, resize3d } from "../../../src/ops/sample/resize.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

/** In float64; products come before the one division, so that positions at integers are exact. */
function position(i: number, from: number, to: number, axis: 0 | 1 | 2, attrs: Resize3dAttributes): number {
  const { mode, coordinates, scale } = attrs;
  const half = mode === "nearest" ? 0.5 : 0;
  if (coordinates === "align-corners") return to === 1 ? half : (i * (from - 1)) / (to - 1) + half;
  const isDouble = mode === "nearest" && coordinates === "asymmetric" && to === 2 * from;
  const scaled = (voxels: number) =>
    scale === undefined || to === from || isDouble ? (voxels * from) / to : voxels / scale[axis];
  return coordinates === "asymmetric" ? scaled(i) : scaled(i + 0.5) - (0.5 - half);
}

export const resize3dCases: OperatorCases<Resize3dAttributes, Resize3dGiven> = {
  operator: resize3d,
  reference([x], attrs) {
    const [items, channels, depth, height, width] = x!.shape as [number, number, number, number, number];
    const outDepth = attrs.size?.[0] ?? Math.floor(depth * attrs.scale![0]);
    const outHeight = attrs.size?.[1] ?? Math.floor(height * attrs.scale![1]);
    const outWidth = attrs.size?.[2] ?? Math.floor(width * attrs.scale![2]);
    const data = new Float64Array(items * channels * outDepth * outHeight * outWidth);
    const magnitude = new Float64Array(data.length);
    const inside = (at: number, size: number) => Math.min(Math.max(at, 0), size - 1);
    let element = 0;
    for (let volume = 0; volume < items * channels; volume++)
      for (let z = 0; z < outDepth; z++)
        for (let p = 0; p < outHeight; p++)
          for (let q = 0; q < outWidth; q++, element++) {
            const d = inside(position(z, depth, outDepth, 0, attrs), depth);
            const h = inside(position(p, height, outHeight, 1, attrs), height);
            const w = inside(position(q, width, outWidth, 2, attrs), width);
            for (const dd of [0, 1])
              for (const dh of [0, 1])
                for (const dw of [0, 1]) {
                  const [slice, row, column] = [Math.floor(d) + dd, Math.floor(h) + dh, Math.floor(w) + dw];
                  const isNearest = dd + dh + dw === 0 ? 1 : 0;
                  const nearness = (1 - Math.abs(d - slice)) * (1 - Math.abs(h - row)) * (1 - Math.abs(w - column));
                  const weight = attrs.mode === "nearest" ? isNearest : nearness;
                  if (weight === 0 || slice >= depth || row >= height || column >= width) continue;
                  const term = weight * x!.data[((volume * depth + slice) * height + row) * width + column]!;
                  data[element]! += term;
                  magnitude[element]! += Math.abs(term);
                }
          }
    return [attrs.mode === "nearest" ? { data, magnitude, exact: true } : { data, magnitude }];
  },
  cases: [
    { why: "one voxel to many", inputs: [[1, 1, 1, 1, 1]], given: { mode: "trilinear", size: [2, 3, 5] } },
    { why: "many to one voxel", inputs: [[1, 2, 3, 5, 6]], given: { mode: "trilinear", size: 1 } },
    { why: "same size: a copy", inputs: [[1, 3, 4, 13, 15]], given: { mode: "trilinear", size: [4, 13, 15] } },
    { why: "twice as large", inputs: [[1, 5, 3, 7, 9]], given: { mode: "trilinear", scale: 2 } },
    { why: "half as large", inputs: [[1, 5, 6, 9, 13]], given: { mode: "trilinear", scale: 0.5 } },
    {
      why: "several workgroups along every axis, batch 2",
      inputs: [[2, 19, 3, 5, 15]],
      given: { mode: "trilinear", size: [4, 9, 37] },
    },
    {
      why: "up and down, awkward ratios",
      inputs: [[2, 3, 13, 7, 10]],
      given: { mode: "trilinear", size: [5, 17, 3] },
    },
    {
      why: "position follows the scale, not the size",
      inputs: [[1, 3, 7, 13, 9]],
      given: { mode: "trilinear", scale: [1.7, 0.37, 2.3] },
    },
    {
      why: "align-corners up and down",
      inputs: [[2, 3, 4, 7, 10]],
      given: { mode: "trilinear", size: [9, 5, 13], coordinates: "align-corners" },
    },
    {
      why: "align-corners to one slice",
      inputs: [[1, 2, 5, 6, 4]],
      given: { mode: "trilinear", size: [1, 4, 7], coordinates: "align-corners" },
    },
    {
      why: "asymmetric up and down",
      inputs: [[1, 3, 7, 4, 10]],
      given: { mode: "trilinear", size: [5, 9, 13], coordinates: "asymmetric" },
    },
    { why: "nearest: twice as large", inputs: [[1, 5, 3, 7, 9]], given: { mode: "nearest", scale: 2 } },
    {
      why: "nearest: f32 is off by one from 2 to 82",
      inputs: [[1, 1, 2, 3, 2]],
      given: { mode: "nearest", size: [82, 4, 5] },
    },
    {
      why: "nearest by scale",
      inputs: [[1, 3, 10, 9, 7]],
      given: { mode: "nearest", scale: [1.7, 1.2345678, 2.05] },
    },
    {
      why: "nearest, half-pixel, several workgroups along every axis",
      inputs: [[2, 19, 3, 5, 15]],
      given: { mode: "nearest", size: [4, 9, 37], coordinates: "half-pixel" },
    },
    {
      why: "nearest, align-corners",
      inputs: [[1, 3, 7, 4, 10]],
      given: { mode: "nearest", size: [5, 9, 28], coordinates: "align-corners" },
    },
  ],
};
