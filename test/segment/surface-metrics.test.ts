// Surface measures against loops over all cells and all pairs of elements, and on masks that are easy to reckon by hand.
import { describe, expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { elementSizes } from "../../src/segment/surface-elements.ts";
import { measureSurfaces, type SurfaceMetrics } from "../../src/segment/surface-metrics.ts";
import { createRandom } from "../support/random.ts";

type Place = readonly [number, number, number];

/** Cell by cell in the order of the definition, and every element against every other one. */
function reference(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  [depth, height, width]: Place,
  [dz, dy, dx]: Place,
): SurfaceMetrics {
  const sizes = elementSizes([dz, dy, dx]);
  const elementsOf = (mask: ArrayLike<number>) => {
    const inside = (z: number, y: number, x: number) =>
      z >= 0 && y >= 0 && x >= 0 && z < depth && y < height && x < width && mask[(z * height + y) * width + x] !== 0;
    const found: { place: Place; size: number }[] = [];
    for (let z = 0; z <= depth; z++) {
      for (let y = 0; y <= height; y++) {
        for (let x = 0; x <= width; x++) {
          let code = 0;
          for (const a of [0, 1]) {
            for (const b of [0, 1]) {
              for (const c of [0, 1]) code = 2 * code + (inside(z - 1 + a, y - 1 + b, x - 1 + c) ? 1 : 0);
            }
          }
          if (code !== 0 && code !== 255) found.push({ place: [z * dz, y * dy, x * dx], size: sizes[code]! });
        }
      }
    }
    return found;
  };
  const surfaces = [elementsOf(predicted), elementsOf(truth)] as const;
  const sides = ([0, 1] as const).map((side) =>
    surfaces[side]
      .map(({ place, size }) => {
        const apart = surfaces[1 - side]!.map((other) => Math.hypot(...place.map((at, a) => at - other.place[a]!)));
        return { distance: Math.min(...apart), size };
      })
      .sort((a, b) => a.distance - b.distance),
  );
  const total = (elements: readonly { readonly size: number }[]) => elements.reduce((sum, { size }) => sum + size, 0);
  const all = sides.flat();
  return {
    hausdorff: Math.max(...all.map(({ distance }) => distance)),
    hausdorff95: Math.max(
      ...sides.map((side) => {
        // Of the distances within which at least 95 % lie, the smallest.
        const enough = side.filter(
          ({ distance }) => total(side.filter((other) => other.distance <= distance)) >= (0.95 - 1e-11) * total(side),
        );
        return Math.min(...enough.map(({ distance }) => distance));
      }),
    ),
    assd: all.reduce((sum, { distance, size }) => sum + distance * size, 0) / total(all),
    surfaceDice: total(all.filter(({ distance }) => distance <= 1)) / total(all),
  };
}

function expectNear(got: SurfaceMetrics, expected: SurfaceMetrics): void {
  for (const name of ["hausdorff", "hausdorff95", "assd", "surfaceDice"] as const) {
    expect(Math.abs(got[name]! - expected[name]!), `${name}: ${got[name]} and ${expected[name]}`).toBeLessThan(1e-9);
  }
}

test("random masks of any density and spacing, alone in a corner or up to every border", () => {
  const random = createRandom(7);
  let measured = 0;
  for (let round = 0; round < 60; round++) {
    const shape: Place = [1 + Math.floor(5 * random()), 1 + Math.floor(5 * random()), 1 + Math.floor(5 * random())];
    const spacing: Place = [0.3 + 3 * random(), 0.3 + 3 * random(), 0.3 + 3 * random()];
    const size = shape[0] * shape[1] * shape[2];
    const draw = (share: number) => Uint8Array.from({ length: size }, () => (random() < share ? 3 : 0));
    const [predicted, truth] = [draw(random()), draw(random())];
    if (!predicted.includes(3) || !truth.includes(3)) continue;
    expectNear(measureSurfaces(predicted, truth, { shape, spacing }), reference(predicted, truth, shape, spacing));
    measured++;
  }
  expect(measured).toBeGreaterThan(40);
});

describe("one voxel", () => {
  const mask = (at: number) => Uint8Array.from({ length: 60 }, (_, i) => (i === at ? 1 : 0));
  const grid = { shape: [3, 4, 5], spacing: [2, 0.5, 3] };

  test("is as far from itself as nothing", () => {
    const same = { hausdorff: 0, hausdorff95: 0, assd: 0, surfaceDice: 1 };
    expect(measureSurfaces(mask(0), mask(0), grid)).toEqual(same);
    expect(measureSurfaces(mask(59), mask(59), grid)).toEqual(same);
  });

  // Its 8 elements lie on its corners: of two voxels 2 apart those in front are 1 apart, those behind 2.
  test.each([
    ["slices", 40, 2],
    ["rows", 10, 0.5],
    ["columns", 2, 3],
  ])("and another one 2 %s on", (_, at, step) => {
    const found = measureSurfaces(mask(0), mask(at), { ...grid, toleranceMm: 1.5 * step });
    expectNear(found, { hausdorff: 2 * step, hausdorff95: 2 * step, assd: 1.5 * step, surfaceDice: 0.5 });
  });

  test("has the surface of an octahedron", () => {
    const sizes = elementSizes([2, 0.5, 3]);
    const corner = Math.hypot(0.5 * 3, 2 * 3, 2 * 0.5) / 8;
    for (let bit = 0; bit < 8; bit++) expect(sizes[1 << bit]).toBeCloseTo(corner, 14);
    expect(elementSizes([3, 4])[1]).toBe(2.5);
  });
});

test("a volume that is full has the surface of its border", () => {
  const full = new Uint8Array(4 * 5 * 6).fill(1);
  const inner = full.map((_, i) => {
    const [z, y, x] = [Math.floor(i / 30), Math.floor(i / 6) % 5, i % 6];
    return z > 0 && z < 3 && y > 0 && y < 4 && x > 0 && x < 5 ? 1 : 0;
  });
  const [shape, spacing] = [
    [4, 5, 6],
    [3, 1, 2],
  ];
  const found = measureSurfaces(inner, full, { shape, spacing });
  expectNear(found, reference(inner, full, [4, 5, 6], [3, 1, 2]));
  expect(found.hausdorff).toBeCloseTo(Math.hypot(3, 1, 2), 12);
});

test("a picture has contours, not the surface of a slice", () => {
  const predicted = [0, 1, 1, 0, 0, 0, 0, 0];
  const truth = [1, 1, 0, 0, 0, 0, 0, 0];
  // Each contour has 2 elements of 3 mm between 4 of 2.5 mm at its corners; the ends of both are 3 mm off along the row.
  const found = measureSurfaces(predicted, truth, { shape: [2, 4], spacing: [4, 3] });
  expect(found).toMatchObject({ hausdorff: 3, hausdorff95: 3 });
  expect(found.assd).toBeCloseTo((2 * 2.5 * 3) / (2 * 3 + 4 * 2.5), 12);
});

describe("empty masks", () => {
  const [none, some] = [new Uint8Array(8), Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0)];
  const grid = { shape: [2, 2, 2], spacing: [1, 1, 1] };
  const missed = { hausdorff: undefined, hausdorff95: undefined, assd: undefined, surfaceDice: 0 };

  test("have no distance; what is missed, or found where nothing is, has surface Dice 0", () => {
    expect(measureSurfaces(none, none, grid)).toEqual({ ...missed, surfaceDice: undefined });
    expect(measureSurfaces(none, some, grid)).toEqual(missed);
    expect(measureSurfaces(some, none, { ...grid, emptyIsPerfect: true })).toEqual(missed);
  });

  test("are perfect where asked", () => {
    const perfect = { hausdorff: 0, hausdorff95: 0, assd: 0, surfaceDice: 1 };
    expect(measureSurfaces(none, none, { ...grid, emptyIsPerfect: true })).toEqual(perfect);
  });
});

test("what does not fit is refused", () => {
  const grid = { shape: [2, 2], spacing: [1, 1] };
  expect(() => measureSurfaces([1, 0], [1, 0, 0, 0], grid)).toThrow(
    new UsageError("surface: got masks of 2 and 4 elements, shape [2,2], expected one size with 2 axes"),
  );
  expect(() => measureSurfaces([1], [1], { shape: [1], spacing: [1] })).toThrow("surface: got 1 axes, expected");
  expect(() => measureSurfaces([1, 0, 0, 0], [1, 0, 0, 0], { ...grid, spacing: [1, 0] })).toThrow(UsageError);
});
