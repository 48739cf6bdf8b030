import { expect, test } from "vitest";
import { type Call, noEpilogue } from "../../../src/ops/operator.ts";
import { type ArgmaxAttributes, argmax } from "../../../src/ops/reduce/argmax.ts";
import { argmaxCases } from "../../cases/reduce/argmax.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { layOut, runKernel } from "../../support/run-kernel.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(argmaxCases);
checkOperator(onShortGrid(argmaxCases));

test("takes NaN of either sign and any payload for one", async () => {
  const gpu = await openTestGpu();
  try {
    const [negative, positive, infinity] = [0xffc00000, 0x7fc00001, 0x7f800000]; // x86 gives the first for 0/0
    const bits = Uint32Array.of(infinity, negative, infinity, infinity, negative, positive);
    const type = { shape: [2, 3], dtype: "f32" as const };
    const [output] = argmax.shape([type], argmax.attributes({}));
    const call: Call<ArgmaxAttributes> = {
      inputs: [layOut(type, "whole", 0)],
      outputs: [layOut(output, "whole", 0)],
      attrs: argmax.attributes({}),
      epilogue: noEpilogue,
    };
    const inputs = [new Float32Array(bits.buffer)];
    const [indices] = await runKernel(gpu, { kernel: argmax.kernels[0]!, call, inputs });
    expect([...indices!]).toEqual([1, 1]);
  } finally {
    gpu.dispose();
  }
});

test("rejects other types and axes that are not there", () => {
  const attrs = argmax.attributes({});
  expect(() => argmax.shape([{ shape: [2, 3], dtype: "i32" }], attrs)).toThrow("argmax: input 0 is i32, expected f32");
  expect(() => argmax.shape([{ shape: [2], dtype: "f32" }], attrs)).toThrow(
    "argmax: axis is 1, expected -1 to 0 (input shapes: [2])",
  );
});
