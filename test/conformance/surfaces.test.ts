// Surface measures against DeepMind's surface-distance package: surfaces.json holds what it computed for 200 seeded pairs of masks.
// Where Python has the package, it computes them again.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findSurfaces } from "../../src/segment/surface.ts";
import { elementSizes } from "../../src/segment/surface-elements.ts";
import { measureSurfaces, noSurfaceMetrics } from "../../src/segment/surface-metrics.ts";

interface Case {
  readonly hausdorff: number;
  /** At 95 %, and at a rounding error less. */
  readonly hausdorff95: readonly [number, number];
  readonly assd: number;
  /** Truth to prediction, prediction to truth. */
  readonly means: readonly [number, number];
  readonly surfaceDice: readonly [number, number];
}

interface Reference {
  readonly elements: readonly { readonly spacing: readonly number[]; readonly sizes: readonly number[] }[];
  /** Null where a mask is empty. */
  readonly cases: readonly (Case | null)[];
}

const stored = readFileSync("test/conformance/surfaces.json", "utf8");
const reference: Reference = JSON.parse(stored);
const tolerances = [0.53, 2.03];
const limit = 1e-6;

const modules = "import scipy, surface_distance";
const python = spawnSync("python3", ["-c", modules], { encoding: "utf8" });
const isHere = python.status === 0;
if (!isHere) {
  const reason = python.error?.message ?? python.stderr.trim().split("\n").at(-1);
  console.warn(`surface-distance was not run again, its stored numbers are compared: ${modules} failed (${reason})`);
}

/** As surfaces.py draws them. */
function drawCase(number: number) {
  let state = number + 1;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) % limit;
  };
  const axes = 2 + (number % 2);
  const shape = Array.from({ length: axes }, () => 1 + below(axes === 3 ? 9 : 17));
  const spacing = shape.map(() => (1 + below(40)) / 10);
  const size = shape.reduce((product, length) => product * length, 1);
  const drawNoise = () => {
    const percent = below(101);
    return Uint8Array.from({ length: size }, () => (below(100) < percent ? 1 : 0));
  };
  const drawBall = () => {
    const centre = shape.map((length) => below(length));
    const radius = below(6);
    return Uint8Array.from({ length: size }, (_, index) => {
      let [rest, square] = [index, 0];
      for (let axis = axes - 1; axis >= 0; axis--) {
        square += ((rest % shape[axis]!) - centre[axis]!) ** 2;
        rest = Math.floor(rest / shape[axis]!);
      }
      return square <= radius * radius ? 1 : 0;
    });
  };
  const draw = number % 4 < 2 ? drawNoise : drawBall;
  const predicted = draw();
  return { predicted, truth: draw(), grid: { shape, spacing } };
}

const near = (got: number | undefined, expected: number, what: string) =>
  expect(Math.abs(got! - expected), `${what}: got ${got}, expected ${expected}`).toBeLessThan(limit);

test.each(reference.elements)("the size of each element at spacing $spacing", ({ spacing, sizes }) => {
  const got = elementSizes(spacing);
  expect(got).toHaveLength(sizes.length);
  got.forEach((size, code) => {
    expect(Math.abs(size - sizes[code]!), `code ${code}`).toBeLessThan(1e-12);
  });
});

test("200 pairs of masks in 2-D and 3-D", () => {
  expect(reference.cases).toHaveLength(200);
  expect(reference.cases.filter((found) => found !== null).length).toBeGreaterThan(190);
  const rounded: number[] = [];
  reference.cases.forEach((expected, number) => {
    const { predicted, truth, grid } = drawCase(number);
    const found = tolerances.map((toleranceMm) => measureSurfaces(predicted, truth, { ...grid, toleranceMm }));
    if (expected === null) {
      expect(predicted.includes(1) && truth.includes(1), `case ${number}`).toBe(false);
      expect({ ...found[0]!, surfaceDice: undefined }).toEqual(noSurfaceMetrics);
      return;
    }
    for (const name of ["hausdorff", "assd"] as const) near(found[0]![name], expected[name], `case ${number}, ${name}`);
    near(found[0]!.hausdorff95, expected.hausdorff95[1], `case ${number}, hausdorff95`);
    if (expected.hausdorff95[0] !== expected.hausdorff95[1]) rounded.push(number);
    found.forEach(({ surfaceDice }, i) => {
      near(surfaceDice, expected.surfaceDice[i]!, `case ${number}, surface Dice at ${tolerances[i]}`);
    });
    const surfaces = findSurfaces(predicted, truth, grid);
    [surfaces.truth, surfaces.predicted].forEach(({ distances, sizes }, i) => {
      const moment = distances.reduce((sum, distance, n) => sum + distance * sizes[n]!, 0);
      const mean = moment / sizes.reduce((sum, size) => sum + size, 0);
      near(mean, expected.means[i]!, `case ${number}, mean of direction ${i}`);
    });
  });
  // Contours of 20 and 36 elements, of which some are exactly 95 %: the package's sum falls short of it in the last bit.
  expect(rounded).toEqual([98, 157]);
});

describe.runIf(isHere)("the package today", () => {
  test("computes what is stored", () => {
    const { status, stdout, stderr } = spawnSync("python3", ["test/conformance/surfaces.py"], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const numbers = (text: string) => text.match(/-?\d+(\.\d+)?(e-?\d+)?|null/g)!.map(Number);
    const [again, before] = [numbers(stdout), numbers(stored)];
    expect(again).toHaveLength(before.length);
    again.forEach((value, i) => {
      if (Number.isNaN(before[i])) expect(value).toBeNaN();
      else expect(Math.abs(value - before[i]!)).toBeLessThan(limit);
    });
  });
});
