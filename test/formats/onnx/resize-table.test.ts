// Every way of ONNX to resize against ONNX Runtime: coordinates x interpolation x how the size is given. All cases of one row
// of the table are nodes of one graph.
import { afterAll, beforeAll, expect, test } from "vitest";
import { UnsupportedError } from "../../../src/errors.ts";
import { importOnnx } from "../../../src/formats/onnx/index.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { runParity } from "../../../src/parity/index.ts";
import { onnxRuntime } from "../../../src/parity/onnxruntime-node.ts";
import type { ReferenceEngine } from "../../../src/parity/reference.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { createRandom, distinct } from "../../support/random.ts";
import { type AttributeValue, buildModel, floats, ints, type NodeFields, type TensorFields } from "./build.ts";

let gpu: Gpu;
let engine: ReferenceEngine;
beforeAll(async () => {
  gpu = await openTestGpu();
  engine = await onnxRuntime();
});
afterAll(() => gpu.dispose());

type Attributes = Readonly<Record<string, AttributeValue>>;

const coordinates = [
  "half_pixel",
  "half_pixel_symmetric",
  "pytorch_half_pixel",
  "align_corners",
  "asymmetric",
] as const;

const interpolations: readonly Attributes[] = [
  ...["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"].map((nearest_mode) => ({
    mode: "nearest",
    nearest_mode,
  })),
  { mode: "linear" },
  { mode: "cubic" },
  { mode: "cubic", exclude_outside: 1, cubic_coeff_a: { float: -0.5 } },
];

interface Sizing {
  readonly scales?: readonly number[];
  readonly sizes?: readonly number[];
  readonly policy?: "not_larger" | "not_smaller";
}

/** Of x [1, 2, 10, 9]. */
const sizings: readonly Sizing[] = [
  { scales: [1.5, 1.5] },
  { scales: [2, 3] },
  { scales: [0.5, 0.34] },
  { scales: [1.7, 0.6] },
  { scales: [0.7, 1.13] }, // 10 * 0.7 is 7 in f32 and less in f64
  { scales: [1, 1.04] }, // all sizes stay
  { scales: [1.3, 1.04] }, // one size stays, its scale counts
  { scales: [0.1, 2.3] }, // one pixel is left
  { sizes: [10, 7] },
  { sizes: [20, 18] },
  { sizes: [13, 5] },
  { sizes: [1, 17] },
  { sizes: [13, 7], policy: "not_larger" },
  { sizes: [7, 15], policy: "not_larger" },
  { sizes: [13, 7], policy: "not_smaller" },
  { sizes: [3, 4], policy: "not_smaller" },
];

interface Row {
  readonly x: readonly number[];
  readonly cases: readonly (readonly [Attributes, Sizing])[];
}

function resizeModel({ x, cases }: Row): Uint8Array {
  const initializers: TensorFields[] = [];
  const nodes = cases.map(([attributes, { scales, sizes, policy }], i): NodeFields => {
    const count = (scales ?? sizes ?? []).length;
    initializers.push(scales ? floats(`s${i}`, [count], scales) : ints(`s${i}`, sizes ?? []));
    return {
      op: "Resize",
      name: `y${i}`,
      inputs: scales ? ["x", "", `s${i}`] : ["x", "", "", `s${i}`],
      attributes: {
        ...attributes,
        axes: Array.from({ length: count }, (_, axis) => x.length - count + axis),
        ...(policy && { keep_aspect_ratio_policy: policy }),
      },
    };
  });
  return buildModel({ opset: 19, inputs: { x }, nodes, outputs: nodes.map(({ name }) => name ?? ""), initializers });
}

async function agree(row: Row): Promise<void> {
  const count = row.x.reduce((a, b) => a * b, 1);
  const x = { shape: row.x, data: distinct(count, createRandom(3)) };
  const { rows } = await runParity(gpu, resizeModel(row), engine, { inputs: { x } });
  const wrong = rows.flatMap(({ layer, passed, maxAbs }) => {
    const given = row.cases[Number(layer.slice(1))];
    const isExact = given?.[0].mode !== "nearest" || maxAbs === 0;
    return passed && isExact ? [] : [{ layer, given: JSON.stringify(given), maxAbs }];
  });
  expect(wrong).toEqual([]);
  expect(new Set(rows.map(({ layer }) => layer)).size).toBe(row.cases.length);
}

/**
 * Positions on the border between two pixels, which ONNX Runtime's f32 puts just before it. Here they are exact, as in f64.
 */
const borders: readonly (readonly [coordinates: string, nearest: string, sizing: string])[] = [
  ["half_pixel", "floor", '{"scales":[1.7,0.6]}'],
  ["pytorch_half_pixel", "floor", '{"scales":[1.7,0.6]}'],
  ["half_pixel_symmetric", "floor", '{"scales":[1.5,1.5]}'],
  ["half_pixel_symmetric", "floor", '{"sizes":[13,5]}'],
];

function isOnBorder([attributes, sizing]: readonly [Attributes, Sizing]): boolean {
  return borders.some(
    ([way, nearest, given]) =>
      attributes.coordinate_transformation_mode === way &&
      attributes.nearest_mode === nearest &&
      JSON.stringify(sizing) === given,
  );
}

function product(ways: readonly Attributes[], given: readonly Sizing[]): (readonly [Attributes, Sizing])[] {
  return ways.flatMap((way) => given.map((sizing) => [way, sizing] as const));
}

const images = coordinates.map((coordinate_transformation_mode) => ({
  name: coordinate_transformation_mode,
  x: [1, 2, 10, 9],
  cases: product(
    interpolations.map((way) => ({ ...way, coordinate_transformation_mode })),
    sizings,
  ).filter((given) => !isOnBorder(given)),
}));

const volumes = coordinates.map((coordinate_transformation_mode) => ({
  name: `${coordinate_transformation_mode}, volumes`,
  x: [1, 2, 3, 5, 4],
  cases: product(
    [{ mode: "nearest" }, { mode: "linear" }].map((way) => ({ ...way, coordinate_transformation_mode })),
    [{ scales: [1.5, 0.7, 1.3] }, { sizes: [5, 4, 7] }, { sizes: [4, 8, 9], policy: "not_larger" }],
  ),
}));

test("the table has at least 300 cases", () => {
  expect([...images, ...volumes].reduce((sum, { cases }) => sum + cases.length, 0)).toBeGreaterThanOrEqual(300);
});

test.each([...images, ...volumes])("$name", (row) => agree(row), 120_000);

const refused: readonly (readonly [string, Attributes, Sizing])[] = [
  ["a crop", { coordinate_transformation_mode: "tf_crop_and_resize" }, { sizes: [5, 5] }],
  ["coordinates that nobody knows", { coordinate_transformation_mode: "corners" }, { sizes: [5, 5] }],
  ["a rounding that nobody knows", { mode: "nearest", nearest_mode: "up" }, { sizes: [5, 5] }],
  ["a mode that nobody knows", { mode: "lanczos" }, { sizes: [5, 5] }],
  ["a size of nothing", { mode: "linear" }, { scales: [0.01, 1] }],
  ["a scale below 0", { mode: "linear" }, { scales: [-1, 1] }],
];

test.each(refused)("%s is refused", async (_, attributes, sizing) => {
  const importing = importOnnx(resizeModel({ x: [1, 2, 10, 9], cases: [[attributes, sizing]] }));
  await expect(importing).rejects.toBeInstanceOf(UnsupportedError);
});
