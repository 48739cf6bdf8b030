// Decides whether an operator is correct: every kernel that applies, on every case, whole and as views.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Storage } from "../../shaders/wgsl/storage.ts";
import { coordinates } from "../../src/difference.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { fromF32, saturateF16, toF32 } from "../../src/half.ts";
import { deviceTraits } from "../../src/ops/device-traits.ts";
import { type Call, type Epilogue, type Kernel, nonEmpty, type Operand } from "../../src/ops/operator.ts";
import { allowsView } from "../../src/ops/view.ts";
import { elementCount, formatShape, type Shape, type TensorData, type TensorType } from "../../src/tensor.ts";
import { checkGradient, withoutGradient } from "./check-gradient.ts";
import { functionReference } from "./functions.ts";
import {
  createData,
  fullEpilogue,
  inputSpec,
  type OperatorCase,
  type OperatorCases,
  type ReferenceOutput,
  type ReferenceTensor,
} from "./operator-cases.ts";
import { createRandom } from "./random.ts";
import { ErrorRecorder } from "./record-errors.ts";
import { type Layout, layOut, runKernel } from "./run-kernel.ts";
import { shareTestGpu } from "./share-gpu.ts";

const eps32 = 2 ** -23;

export function checkOperator<A extends object, G extends object>(suite: OperatorCases<A, G>): void {
  const { operator } = suite;
  const sharedGpu = shareTestGpu();
  describe(operator.name, () => {
    let gpu: Gpu;
    beforeAll(() => {
      gpu = sharedGpu();
    });
    const recorder = new ErrorRecorder(operator.name);
    afterAll(() => recorder.write());
    const storages = suite.storages ?? (["f32", "f16"] as const);
    const tests = suite.cases.flatMap((entry, i) => storages.map((storage) => ({ entry, storage, i })));
    for (const { entry, storage, i } of tests) {
      test(storage === "f32" ? entry.why : `${entry.why}, in f16`, async ({ skip }) => {
        const prepared = prepareCase(suite, entry, storage);
        const { inputs, outputs } = prepared.call(operator.kernels[0]!, "whole");
        const isHalf = [...inputs, ...outputs].some(({ dtype }) => dtype === "f16");
        skip(isHalf && !gpu.features.has("shader-f16"), "no shader-f16");
        const rank = inputSpec(entry.inputs[0]!).shape.length;
        const check = (name: string, output: Operand, result: TensorData, expected: ReferenceOutput) => {
          const share = compare(name, output, result, expected);
          recorder.add(storage, rank, expected.exact ? null : share);
        };
        let runs = 0;
        for (const kernel of operator.kernels) {
          for (const layout of layoutsOf(kernel, storage, i)) {
            const call = prepared.call(kernel, layout);
            if (!kernel.applies(call, deviceTraits(gpu))) continue;
            const { updates } = operator;
            const results = await runKernel(gpu, { kernel, call, inputs: prepared.data, updates });
            results.forEach((result, i) => {
              check(`${kernel.name}, ${layout}, output ${i}`, call.outputs[i]!, result, prepared.expected[i]!);
            });
            runs++;
            if (layout === "whole" || !kernel.residualInPlace || !call.epilogue.residual) continue;
            const inPlace = overwriteResidual(call);
            const [overwritten] = await runKernel(gpu, { kernel, call: inPlace, inputs: prepared.data });
            const name = `${kernel.name}, ${layout}, over its residual`;
            check(name, call.outputs[0]!, overwritten!, prepared.expected[0]!);
          }
        }
        expect(runs, "kernels that applied").toBeGreaterThan(0);
      });
    }
    for (const entry of suite.cases.filter((candidate) => withoutGradient(suite, candidate) === undefined)) {
      test(`${entry.why}, gradient`, () => checkGradient(gpu, suite, entry));
    }
  });
}

const layouts = ["whole", "views", "quad views"] as const;

/** Kinds of views take turns over the cases, in f16 all layouts: software drivers compile each variant of a shader slowly. */
function layoutsOf<A extends object>({ views }: Kernel<A>, storage: Storage, i: number): readonly Layout[] {
  if (!views) return ["whole"];
  return storage === "f32" ? ["whole", layouts[1 + (i % 2)]!] : [layouts[i % layouts.length]!];
}

/** The same call with its residual where the output goes. */
function overwriteResidual<A extends object>(call: Call<A>): Call<A> {
  const inputs = nonEmpty([...call.inputs.slice(0, -1), call.outputs[0]], "inputs");
  return { ...call, inputs, epilogue: { ...call.epilogue, residual: "in place" } };
}

/** Draws a case's inputs, and computes its shapes and its reference. */
export function prepareCase<A extends object, G extends object>(
  suite: OperatorCases<A, G>,
  entry: OperatorCase<G>,
  storage: Storage = "f32",
) {
  const random = createRandom(1);
  const attrs = suite.operator.attributes(entry.given);
  const specs = entry.inputs.map(inputSpec);
  const types = specs.map(({ shape, dtype = "f32" }, i) => ({
    shape,
    dtype: dtype === "f32" && !suite.operator.fullInputs?.includes(i) ? storage : dtype,
  }));
  const outputs = suite.operator.shape(nonEmpty(types, "inputs"), attrs);
  const epilogue = fullEpilogue(entry.epilogue);
  const extra: TensorType[] = [];
  if (epilogue.bias) extra.push({ shape: [outputs[0]!.shape[1]!], dtype: "f32" });
  if (epilogue.residual) extra.push({ shape: outputs[0]!.shape, dtype: storage });
  const allTypes = [...types, ...extra];
  const drawn = [...specs, ...extra.map(({ shape }) => ({ shape }))].map((spec) => createData(spec, random));
  const data = drawn.map((values, i) =>
    values instanceof Float32Array ? fromF32(values, allTypes[i]!.dtype) : values,
  );
  const reference = allTypes.map(({ shape, dtype }, i) => ({
    shape,
    data: Float64Array.from(numbers(data[i]!, dtype)),
  }));
  const own = suite.reference(reference.slice(0, types.length), attrs);
  const expected = own.map((output, i) => {
    if (i > 0) return output;
    const full = applyEpilogue(output, outputs[0]!.shape, epilogue, reference.slice(types.length));
    return outputs[0]!.dtype === "f16" ? roundHalf(full) : full;
  });
  outputs.forEach((output, i) => {
    expect(expected[i]?.data.length, `reference output ${i}`).toBe(elementCount(output.shape));
  });
  const call = (kernel: Kernel<A>, layout: Layout): Call<A> => {
    const wholeOf = (types: readonly TensorType[]) => types.map((type, i) => layOut(type, "whole", i));
    const whole: Call<A> = {
      inputs: nonEmpty(wholeOf(allTypes), "inputs"),
      outputs: nonEmpty(wholeOf(outputs), "outputs"),
      attrs,
      epilogue,
    };
    if (layout === "whole") return whole;
    const inputs = allTypes.map((type, input) =>
      layOut(type, allowsView(kernel, whole, { input }) ? layout : "whole", input),
    );
    const placed = outputs.map((type, output) =>
      layOut(type, allowsView(kernel, whole, { output }) ? layout : "whole", output + 7),
    );
    return { ...whole, inputs: nonEmpty(inputs, "inputs"), outputs: nonEmpty(placed, "outputs") };
  };
  return { data, expected, call };
}

/** Integers keep all of their bits. */
function numbers(data: TensorData, dtype: TensorType["dtype"]): ArrayLike<number> {
  return dtype === "f16" ? toF32(data, dtype) : data;
}

/** What storing in f16 may do to a result: half a unit in the last place, and saturation. */
function roundHalf(output: ReferenceOutput): ReferenceOutput {
  const data = output.data.map(saturateF16);
  const rounded = Float64Array.from(toF32(fromF32(Float32Array.from(data), "f16"), "f16"));
  if (output.exact) return { ...output, data: rounded };
  const rounding = data.map((value) => Math.max(Math.abs(value) * 2 ** -11, 2 ** -25));
  return { ...output, data, rounding };
}

/** Adds bias and residual, which `extra` holds in this order, and applies the activation. */
export function applyEpilogue(
  output: ReferenceOutput,
  shape: Shape,
  epilogue: Epilogue,
  extra: readonly ReferenceTensor[],
): ReferenceOutput {
  if (!epilogue.bias && !epilogue.residual && epilogue.activation.kind === "none") return output;
  const plane = elementCount(shape.slice(2));
  const channels = shape[1]!;
  const data = new Float64Array(output.data);
  const magnitude = new Float64Array(output.magnitude);
  const add = (element: number, term: number) => {
    data[element]! += term;
    magnitude[element]! += Math.abs(term);
  };
  const bias = epilogue.bias ? extra[0]! : undefined;
  const residual = epilogue.residual ? extra.at(-1)! : undefined;
  const activation = functionReference(epilogue.activation);
  data.forEach((_, element) => {
    if (bias) add(element, bias.data[Math.floor(element / plane) % channels]!);
    if (residual) add(element, residual.data[element]!);
    const x = data[element]!;
    data[element] = activation.value(x);
    magnitude[element] = (activation.slope ?? 1) * magnitude[element]! + activation.magnitude(x, data[element]!);
  });
  return { data, magnitude };
}

/**
 * The largest error as a share of its element's tolerance. Fails with the worst element: its coordinates, both values and how
 * many tolerances it is off.
 */
export function compare(
  name: string,
  { shape, dtype }: TensorType,
  data: TensorData,
  expected: ReferenceOutput,
): number {
  const got = dtype === "f16" ? toF32(data, "f16") : data;
  let worst = { element: -1, off: 0 };
  let wrong = 0;
  for (let element = 0; element < got.length; element++) {
    const want = expected.data[element]!;
    const rounding = expected.rounding?.[element] ?? 0;
    const tolerance = expected.exact ? 0 : 8 * eps32 * expected.magnitude[element]! + 1e-7 + rounding;
    const error = Object.is(got[element], want) || got[element] === want ? 0 : Math.abs(got[element]! - want);
    const bothNaN = Number.isNaN(want) && Number.isNaN(got[element]!);
    const off = bothNaN
      ? 0
      : !Number.isFinite(error)
        ? Number.POSITIVE_INFINITY
        : tolerance === 0
          ? error === 0
            ? 0
            : Number.POSITIVE_INFINITY
          : error / tolerance;
    if (off > 1) wrong++;
    if (off > worst.off) worst = { element, off };
  }
  if (wrong === 0) return worst.off;
  const { element, off } = worst;
  expect.fail(
    `${name} ${formatShape(shape)}: element ${formatShape(coordinates(shape, element))} is ${got[element]}, expected ` +
      `${expected.data[element]}: ${off.toPrecision(3)} tolerances off; ${wrong} of ${got.length} elements wrong`,
  );
}
