// The three transforms of Winograd's algorithm; their matrices are the shaders', and test/ops/conv/winograd.test.ts shows that
// they make a convolution.
import { winogradMatrices } from "../../../shaders/wgsl/winograd.ts";
import {
  type WinogradInputAttributes,
  type WinogradOutputAttributes,
  type WinogradWeightAttributes,
  winogradInput,
  winogradOutput,
  winogradWeight,
} from "../../../src/ops/conv/winograd.ts";
import type { OperatorCases, ReferenceOutput } from "../../support/operator-cases.ts";

type Matrix = readonly (readonly number[])[];

/** M v M^T of a square v, and the same of absolute values. */
function transform(matrix: Matrix, v: (row: number, column: number) => number): { value: number; magnitude: number }[] {
  return matrix.flatMap((a) =>
    matrix.map((b) => {
      let [value, magnitude] = [0, 0];
      a.forEach((left, row) => {
        b.forEach((right, column) => {
          value += left * v(row, column) * right;
          magnitude += Math.abs(left * v(row, column) * right);
        });
      });
      return { value, magnitude };
    }),
  );
}

function emptyOutput(length: number) {
  const output = { data: new Float64Array(length), magnitude: new Float64Array(length) } satisfies ReferenceOutput;
  const set = (place: number, { value, magnitude }: { value: number; magnitude: number }) => {
    output.data[place] = value;
    output.magnitude[place] = magnitude;
  };
  return { output, set };
}

export const winogradInputCases: OperatorCases<WinogradInputAttributes, WinogradInputAttributes> = {
  operator: winogradInput,
  storages: ["f32"],
  reference([x], { tile, padding: [top, left], size }) {
    const [items, channels, height, width] = x!.shape as [number, number, number, number];
    const [rows, columns] = [Math.ceil(size[0] / tile), Math.ceil(size[1] / tile)];
    const count = (tile + 2) ** 2;
    const { output, set } = emptyOutput(items * count * channels * rows * columns);
    for (let n = 0; n < items; n++)
      for (let c = 0; c < channels; c++)
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++) {
            const at = (row: number, column: number) => {
              const [h, w] = [i * tile + row - top, j * tile + column - left];
              const isInside = h >= 0 && h < height && w >= 0 && w < width;
              return isInside ? x!.data[((n * channels + c) * height + h) * width + w]! : 0;
            };
            transform(winogradMatrices(tile).inputTransposed, at).forEach((element, e) => {
              set((((n * count + e) * channels + c) * rows + i) * columns + j, element);
            });
          }
    return [output];
  },
  cases: [
    { why: "one patch of 2", inputs: [[1, 1, 4, 4]], given: { tile: 2, padding: [0, 0], size: [2, 2] } },
    { why: "patches of 2 beyond all sides", inputs: [[2, 3, 5, 7]], given: { tile: 2, padding: [1, 1], size: [5, 7] } },
    { why: "patches of 4", inputs: [[1, 5, 12, 14]], given: { tile: 4, padding: [0, 2], size: [10, 14] } },
  ],
};

export const winogradWeightCases: OperatorCases<WinogradWeightAttributes, WinogradWeightAttributes> = {
  operator: winogradWeight,
  storages: ["f32"],
  reference([weight], { tile }) {
    const kernels = weight!.data.length / 9;
    const { output, set } = emptyOutput((tile + 2) ** 2 * kernels);
    for (let kernel = 0; kernel < kernels; kernel++)
      transform(winogradMatrices(tile).weight, (r, s) => weight!.data[kernel * 9 + r * 3 + s]!).forEach(
        (element, e) => {
          set(e * kernels + kernel, element);
        },
      );
    return [output];
  },
  cases: [
    { why: "tiles of 2", inputs: [[13, 7, 3, 3]], given: { tile: 2 } },
    { why: "tiles of 4", inputs: [[6, 5, 3, 3]], given: { tile: 4 } },
  ],
};

export const winogradOutputCases: OperatorCases<WinogradOutputAttributes, WinogradOutputAttributes> = {
  operator: winogradOutput,
  storages: ["f32"],
  reference([x], { tile, size: [height, width] }) {
    const [items, all, rows, columns] = x!.shape as [number, number, number, number];
    const channels = all / (tile + 2) ** 2;
    const { output, set } = emptyOutput(items * channels * height * width);
    for (let n = 0; n < items; n++)
      for (let k = 0; k < channels; k++)
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++) {
            const at = (a: number, b: number) =>
              x!.data[((n * all + (a * (tile + 2) + b) * channels + k) * rows + i) * columns + j]!;
            transform(winogradMatrices(tile).outputTransposed, at).forEach((element, e) => {
              const [h, w] = [i * tile + Math.floor(e / tile), j * tile + (e % tile)];
              if (h < height && w < width) set(((n * channels + k) * height + h) * width + w, element);
            });
          }
    return [output];
  },
  cases: [
    { why: "one tile of 2", inputs: [[1, 16, 1, 1]], given: { tile: 2, size: [2, 2] } },
    {
      why: "leftover rows and columns of 2; bias, residual and ReLU",
      inputs: [[2, 48, 3, 4]],
      given: { tile: 2, size: [5, 7] },
      epilogue: { bias: true, residual: true, activation: { kind: "relu" } },
    },
    {
      why: "tiles of 4 in whole vec4, bias and residual",
      inputs: [[2, 72, 3, 2]],
      given: { tile: 4, size: [11, 8] },
      epilogue: { bias: true, residual: true },
    },
    { why: "tiles of 4, odd columns", inputs: [[1, 36, 2, 3]], given: { tile: 4, size: [8, 9] } },
  ],
};
