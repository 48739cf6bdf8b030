// One grid, its axes stored in every order and direction.
import { describe, expect, test } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import { type NamedGeometry, planGrid, reorder } from "../../../src/formats/nifti/index.ts";

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/** Oblique, voxels of 0.7 x 0.8 x 4 mm, and no two axes of one length. */
const image: NamedGeometry = {
  name: "image.nii",
  shape: [4, 3, 2],
  affine: [
    [0.05, -0.7, 0.3, 12],
    [-0.69, 0.02, -0.9, -70.5],
    [-0.1, -0.4, 3.9, 33.25],
    [0, 0, 0, 1],
  ],
};
const labels = Uint16Array.from({ length: 24 }, (_, n) => n * 2731);

/** The labels as a program writes them that stores axis order[n] of the image as its axis n, backwards where the bit is set. */
function stored(order: readonly [number, number, number], flips: number): { volume: NamedGeometry; data: Uint16Array } {
  const shape = [image.shape[order[0]]!, image.shape[order[1]]!, image.shape[order[2]]!] as const;
  const data = new Uint16Array(24);
  const place = (at: readonly number[]) => {
    const voxel = [0, 0, 0];
    order.forEach((axis, n) => {
      voxel[axis] = (flips >> n) & 1 ? shape[n]! - 1 - at[n]! : at[n]!;
    });
    return voxel;
  };
  for (let n = 0; n < 24; n++) {
    const [i, j, k] = place([n % shape[0], Math.floor(n / shape[0]) % shape[1], Math.floor(n / shape[0] / shape[1])]);
    data[n] = labels[i! + 4 * (j! + 3 * k!)]!;
  }
  // The affine from where its voxels are, by differences.
  const world = (at: readonly number[]) => {
    const voxel = place(at);
    return [0, 1, 2].map((row) =>
      voxel.reduce((sum, v, c) => sum + v * image.affine[row]![c]!, image.affine[row]![3]!),
    );
  };
  const origin = world([0, 0, 0]);
  const columns = [0, 1, 2].map((n) => world([0, 1, 2].map((m) => (m === n ? 1 : 0))));
  const affine = [0, 1, 2].map((row) => [...columns.map((column) => column[row]! - origin[row]!), origin[row]!]);
  return { volume: { name: "labels.nii", shape, affine: [...affine, [0, 0, 0, 1]] }, data };
}

test("labels come back in the image's order from each of the 48 orders and directions", () => {
  for (const order of ORDERS) {
    for (let flips = 0; flips < 8; flips++) {
      const { volume, data } = stored(order, flips);
      expect(reorder(data, planGrid(volume, image), image.shape), `${order} ${flips}`).toEqual(labels);
    }
  }
});

test("an axis of one voxel may point either way", () => {
  const flat = { ...image, shape: [4, 3, 1] as const };
  const turned = image.affine.map((row) => row.map((value, column) => (column === 2 ? -value : value)));
  const plan = planGrid({ ...flat, name: "labels.nii", affine: turned }, flat);
  expect([...reorder(labels.slice(0, 12), plan, flat.shape)]).toEqual([...labels.slice(0, 12)]);
});

describe("another grid is refused, and what differs is said", () => {
  const change = (row: number, column: number, by: number) =>
    image.affine.map((values, r) => values.map((value, c) => (r === row && c === column ? value + by : value)));
  test.each<[string, Partial<NamedGeometry>, string]>([
    ["another size", { shape: [4, 3, 3] }, "is 4 x 3 x 3 voxels, expected 4 x 3 x 2 as image.nii"],
    [
      "another place",
      { affine: change(0, 3, 1) },
      "not the grid of image.nii, whatever the order of axes: the first voxel lies at (13, -70.5, 33.25) mm, expected (12, -70.5, 33.25)",
    ],
    [
      "other voxels",
      { affine: change(2, 2, 0.5) },
      "not the grid of image.nii, whatever the order of axes: a step along axis k is (0.3, -0.9, 4.4) mm, expected (0.3, -0.9, 3.9)",
    ],
  ])("%s", (_, volume, message) => {
    const error = new FormatError(`labels.nii: ${message}`);
    expect(() => planGrid({ ...image, ...volume, name: "labels.nii" }, image)).toThrow(error);
  });
  test("half of the smallest side of a voxel is no other place", () => {
    expect(() => planGrid({ ...image, affine: change(0, 3, 0.3) }, image)).not.toThrow();
  });
});
