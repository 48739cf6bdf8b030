import { type Resize2dAttributes, type Resize2dGiven, resize2d } from "../../../src/ops/sample/resize.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

/** In float64; products come before the one division, so that positions at integers are exact. */
function position(i: number, from: number, to: number, axis: 0 | 1, attrs: Resize2dAttributes): number {
  const { mode, coordinates, scale } = attrs;
  const half = mode === "nearest" ? 0.5 : 0;
  if (coordinates === "align-corners") return to === 1 ? half : (i * (from - 1)) / (to - 1) + half;
  const isDouble = mode === "nearest" && coordinates === "asymmetric" && to === 2 * from;
  const scaled = (pixels: number) =>
    scale === undefined || to === from || isDouble ? (pixels * from) / to : pixels / scale[axis];
  return coordinates === "asymmetric" ? scaled(i) : scaled(i + 0.5) - (0.5 - half);
}

export const resize2dCases: OperatorCases<Resize2dAttributes, Resize2dGiven> = {
  operator: resize2d,
  reference([x], attrs) {
    const [items, channels, height, width] = x!.shape as [number, number, number, number];
    const outHeight = attrs.size?.[0] ?? Math.floor(height * attrs.scale![0]);
    const outWidth = attrs.size?.[1] ?? Math.floor(width * attrs.scale![1]);
    const data = new Float64Array(items * channels * outHeight * outWidth);
    const magnitude = new Float64Array(data.length);
    let element = 0;
    for (let plane = 0; plane < items * channels; plane++)
      for (let p = 0; p < outHeight; p++)
        for (let q = 0; q < outWidth; q++, element++) {
          const h = Math.min(Math.max(position(p, height, outHeight, 0, attrs), 0), height - 1);
          const w = Math.min(Math.max(position(q, width, outWidth, 1, attrs), 0), width - 1);
          for (const dh of [0, 1])
            for (const dw of [0, 1]) {
              const row = Math.floor(h) + dh;
              const column = Math.floor(w) + dw;
              const isNearest = dh === 0 && dw === 0 ? 1 : 0;
              const nearness = (1 - Math.abs(h - row)) * (1 - Math.abs(w - column));
              const weight = attrs.mode === "nearest" ? isNearest : nearness;
              if (weight === 0 || row >= height || column >= width) continue;
              const term = weight * x!.data[(plane * height + row) * width + column]!;
              data[element]! += term;
              magnitude[element]! += Math.abs(term);
            }
        }
    return [attrs.mode === "nearest" ? { data, magnitude, exact: true } : { data, magnitude }];
  },
  cases: [
    { why: "one pixel to many", inputs: [[1, 1, 1, 1]], given: { mode: "bilinear", size: [3, 5] } },
    { why: "many to one pixel", inputs: [[1, 2, 5, 6]], given: { mode: "bilinear", size: 1 } },
    { why: "same size: a copy", inputs: [[1, 3, 13, 15]], given: { mode: "bilinear", size: [13, 15] } },
    { why: "pooling branches: 3x3 to 16x16", inputs: [[2, 19, 3, 3]], given: { mode: "bilinear", size: 16 } },
    { why: "twice as large", inputs: [[1, 5, 13, 17]], given: { mode: "bilinear", scale: 2 } },
    { why: "half as large", inputs: [[1, 5, 18, 15]], given: { mode: "bilinear", scale: 0.5 } },
    {
      why: "several workgroups along every axis, batch 2",
      inputs: [[2, 19, 13, 15]],
      given: { mode: "bilinear", size: [37, 70] },
    },
    { why: "up and down, awkward ratios", inputs: [[2, 3, 7, 10]], given: { mode: "bilinear", size: [5, 33] } },
    { why: "far down: pixels skipped", inputs: [[1, 2, 61, 70]], given: { mode: "bilinear", size: [3, 4] } },
    {
      why: "position follows the scale, not the size",
      inputs: [[1, 3, 13, 19]],
      given: { mode: "bilinear", scale: [1.7, 0.37] },
    },
    {
      why: "a scale that keeps the size copies",
      inputs: [[1, 2, 10, 9]],
      given: { mode: "bilinear", scale: [1.05, 1.5] },
    },
    {
      why: "align-corners up and down",
      inputs: [[2, 3, 7, 10]],
      given: { mode: "bilinear", size: [5, 33], coordinates: "align-corners" },
    },
    {
      why: "align-corners to one pixel",
      inputs: [[1, 2, 5, 6]],
      given: { mode: "bilinear", size: [1, 4], coordinates: "align-corners" },
    },
    {
      why: "align-corners by scale",
      inputs: [[1, 3, 13, 9]],
      given: { mode: "bilinear", scale: [2.3, 0.6], coordinates: "align-corners" },
    },
    {
      why: "asymmetric up and down",
      inputs: [[1, 3, 7, 10]],
      given: { mode: "bilinear", size: [5, 33], coordinates: "asymmetric" },
    },
    { why: "nearest: one pixel to many", inputs: [[1, 1, 1, 1]], given: { mode: "nearest", size: [3, 5] } },
    { why: "nearest: twice as large", inputs: [[1, 5, 13, 17]], given: { mode: "nearest", scale: 2 } },
    { why: "nearest: up and down, awkward ratios", inputs: [[2, 3, 7, 10]], given: { mode: "nearest", size: [5, 33] } },
    {
      why: "nearest: f32 is off by one from 2 to 82",
      inputs: [[1, 1, 2, 22]],
      given: { mode: "nearest", size: [82, 451] },
    },
    { why: "nearest by scale", inputs: [[1, 3, 20, 19]], given: { mode: "nearest", scale: [1.7, 1.2345678] } },
    { why: "nearest: scale just above 2", inputs: [[1, 2, 10, 11]], given: { mode: "nearest", scale: [2.0999, 2.05] } },
    {
      why: "nearest, several workgroups along every axis",
      inputs: [[2, 19, 13, 15]],
      given: { mode: "nearest", size: [37, 70], coordinates: "half-pixel" },
    },
    {
      why: "nearest, half-pixel, positions between pixels",
      inputs: [[1, 3, 9, 10]],
      given: { mode: "nearest", size: [3, 5], coordinates: "half-pixel" },
    },
    {
      why: "nearest, half-pixel, by scale",
      inputs: [[1, 3, 10, 19]],
      given: { mode: "nearest", scale: [2.0999, 0.45], coordinates: "half-pixel" },
    },
    {
      why: "nearest, align-corners",
      inputs: [[1, 3, 7, 10]],
      given: { mode: "nearest", size: [5, 28], coordinates: "align-corners" },
    },
    {
      why: "nearest, align-corners to one pixel",
      inputs: [[1, 2, 5, 6]],
      given: { mode: "nearest", size: [1, 4], coordinates: "align-corners" },
    },
  ],
};
