// Winograd's convolution: its matrices, and its results within the bound that conv-decompositions.ts states.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Matrix, type WinogradTile, winogradMatrices } from "../../../shaders/wgsl/winograd.ts";
import { difference } from "../../../src/difference.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { deviceTraits } from "../../../src/ops/device-traits.ts";
import { conv2dCases } from "../../cases/conv/conv2d.ts";
import { compare, prepareCase } from "../../support/check-operator.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { inputSpec } from "../../support/operator-cases.ts";
import { runDecomposition } from "../../support/run-decomposition.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

const multiply = (a: Matrix, b: Matrix): number[][] =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
const transpose = (a: Matrix): number[][] => a[0]!.map((_, j) => a.map((row) => row[j]!));
const absolute = (a: Matrix): number[][] => a.map((row) => row.map(Math.abs));

describe.each([2, 4] as const)("F(%i) of 3x3", (tile) => {
  test("convolves exactly in exact arithmetic", () => {
    const { inputTransposed, weight, outputTransposed } = winogradMatrices(tile);
    const side = Array.from({ length: tile + 2 }, (_, i) => i);
    for (const at of side) {
      for (const tap of [0, 1, 2]) {
        const d = side.map((i) => [i === at ? 1 : 0]);
        const g = [0, 1, 2].map((i) => [i === tap ? 1 : 0]);
        const [input, kernel] = [multiply(inputTransposed, d), multiply(weight, g)];
        const output = multiply(
          outputTransposed,
          input.map((row, i) => [row[0]! * kernel[i]![0]!]),
        );
        for (let i = 0; i < tile; i++) expect(output[i]![0]).toBeCloseTo(i + tap === at ? 1 : 0, 12);
      }
    }
  });

  const name = `conv2d/winograd${tile}`;
  const decomposition = conv2dCases.operator.decompositions!.find((candidate) => candidate.name === name)!;
  for (const entry of conv2dCases.cases.filter(isPlain)) {
    test(entry.why, async () => {
      const { data, call: prepared, expected } = prepareCase(conv2dCases, entry);
      const call = prepared(conv2d.kernels[0]!, "whole");
      expect(decomposition.applies(call, deviceTraits(gpu))).toBe(true);
      const result = await runDecomposition(gpu, name, { operator: conv2d, call, inputs: data });
      const [reference] = expected as [(typeof expected)[0]];
      const [x, w] = call.inputs;
      const magnitude = amplified(tile, { shape: x!.shape, data: data[0]! }, { shape: w!.shape, data: data[1]! }, call);
      const own = reference.magnitude.map((value, i) => Math.max(value, magnitude[i]! + value));
      compare(name, call.outputs[0]!, result, { data: reference.data, magnitude: own });
      const { relativeL2 } = difference(call.outputs[0]!.shape, result, reference.data);
      expect(relativeL2).toBeLessThan(tile === 2 ? 1e-6 : 3e-6);
    });
  }
});

/** 3x3, no stride, dilation or groups. */
function isPlain({ inputs, given }: (typeof conv2dCases.cases)[number]): boolean {
  const { stride, dilation, groups } = conv2d.attributes(given);
  const { shape } = inputSpec(inputs[1]!);
  return shape[2] === 3 && shape[3] === 3 && [...stride, ...dilation, groups].every((size) => size === 1);
}

type Given = { readonly shape: readonly number[]; readonly data: ArrayLike<number> };

/** |A^T| [ (|G| |g| |G^T|) * (|B^T| |d| |B|) ] |A|, summed over channels: [N, K, P, Q]. */
function amplified(
  tile: WinogradTile,
  x: Given,
  w: Given,
  {
    attrs: { padding },
    outputs,
  }: { attrs: { padding: readonly number[] }; outputs: readonly { shape: readonly number[] }[] },
): Float64Array {
  const { inputTransposed, weight, outputTransposed } = winogradMatrices(tile);
  const [bt, g, at] = [absolute(inputTransposed), absolute(weight), absolute(outputTransposed)];
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const [items, outChannels, outHeight, outWidth] = outputs[0]!.shape as [number, number, number, number];
  const result = new Float64Array(items * outChannels * outHeight * outWidth);
  const side = Array.from({ length: tile + 2 }, (_, i) => i);
  const around = (matrix: Matrix, inner: Matrix) => multiply(multiply(matrix, inner), transpose(matrix));
  const patch = (n: number, c: number, i: number, j: number) =>
    side.map((r) =>
      side.map((s) => {
        const [h, v] = [i * tile + r - padding[0]!, j * tile + s - padding[1]!];
        if (h < 0 || h >= height || v < 0 || v >= width) return 0;
        return Math.abs(x.data[((n * channels + c) * height + h) * width + v]!);
      }),
    );
  const kernels = Array.from({ length: outChannels * channels }, (_, e) =>
    around(
      g,
      [0, 1, 2].map((r) => [0, 1, 2].map((s) => Math.abs(w.data[e * 9 + r * 3 + s]!))),
    ),
  );
  for (let n = 0; n < items; n++) {
    for (let i = 0; i * tile < outHeight; i++) {
      for (let j = 0; j * tile < outWidth; j++) {
        const inputs = Array.from({ length: channels }, (_, c) => around(bt, patch(n, c, i, j)));
        for (let k = 0; k < outChannels; k++) {
          const sum = side.map((a) =>
            side.map((b) => inputs.reduce((total, d, c) => total + d[a]![b]! * kernels[k * channels + c]![a]![b]!, 0)),
          );
          around(at, sum).forEach((row, r) => {
            row.forEach((value, s) => {
              const [p, q] = [i * tile + r, j * tile + s];
              if (p < outHeight && q < outWidth) result[((n * outChannels + k) * outHeight + p) * outWidth + q] = value;
            });
          });
        }
      }
    }
  }
  return result;
}
