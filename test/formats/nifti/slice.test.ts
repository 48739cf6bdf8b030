import { describe, expect, test } from "vitest";
import { type Affine, extractSlice, insertSlice, sliceAxes } from "../../../src/formats/nifti/index.ts";

/** A small volume whose voxel (right r, anterior a, superior s) holds 100 r + 10 a + s, stored in any orientation. */
function stored(order: readonly number[], signs: readonly number[], tilt = 0) {
  const lengths = [3, 4, 5]; // to the right, to the front, up
  const shape = order.map((world) => lengths[world]!) as [number, number, number];
  const [s, c] = [Math.sin(tilt), Math.cos(tilt)];
  const columns = order.map((world, axis) => {
    const column = [0, 0, 0];
    column[world] = signs[axis]! * (world + 1);
    // Turned about the right-left axis and then about the head-foot axis.
    const [x, y, z] = [column[0]!, c * column[1]! - s * column[2]!, s * column[1]! + c * column[2]!];
    return [c * x - s * y, s * x + c * y, z];
  });
  const affine: Affine = [...[0, 1, 2].map((row) => [...columns.map((column) => column[row]!), 7]), [0, 0, 0, 1]];
  const data = new Float32Array(60);
  for (let k = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++) {
        let value = 0;
        [i, j, k].forEach((index, axis) => {
          const world = order[axis]!;
          const along = signs[axis]! > 0 ? index : shape[axis]! - 1 - index;
          value += along * [100, 10, 1][world]!;
        });
        data[i + shape[0] * (j + shape[1] * k)] = value;
      }
    }
  }
  return { shape, affine, data };
}

const ORIENTATIONS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
].flatMap((order) =>
  Array.from({ length: 8 }, (_, bits) => ({ order, signs: [0, 1, 2].map((axis) => ((bits >> axis) & 1 ? -1 : 1)) })),
);

describe("any of the 48 orientations, straight or tilted", () => {
  for (const tilt of [0, 0.35]) {
    test.each(ORIENTATIONS)(`$order $signs, tilt ${tilt}`, ({ order, signs }) => {
      const volume = stored(order, signs, tilt);
      const { right, anterior, superior } = sliceAxes(volume.affine);
      expect([right, anterior, superior].map(({ axis }) => order[axis])).toEqual([0, 1, 2]);
      expect([right, anterior, superior].map(({ axis, sign }) => signs[axis] === sign)).toEqual([true, true, true]);

      const rightmost = right.sign > 0 ? 2 : 0;
      const sagittal = extractSlice(volume, right.axis, rightmost);
      expect([sagittal.height, sagittal.width]).toEqual([5, 4]);
      expect(sagittal.spacingMm.map((mm) => Math.round(mm * 1e6) / 1e6)).toEqual([3, 2]);
      // Row 0 is the head, column 0 the front.
      expect([...sagittal.data]).toEqual([4, 3, 2, 1, 0].flatMap((s) => [3, 2, 1, 0].map((a) => 200 + 10 * a + s)));

      const coronal = extractSlice(volume, anterior.axis, 0);
      const front = anterior.sign > 0 ? 0 : 30;
      // Column 0 is the patient's right.
      expect([...coronal.data]).toEqual([4, 3, 2, 1, 0].flatMap((s) => [2, 1, 0].map((r) => 100 * r + front + s)));

      const axial = extractSlice(volume, superior.axis, 0);
      const height = superior.sign > 0 ? 0 : 4;
      expect([...axial.data]).toEqual([3, 2, 1, 0].flatMap((a) => [2, 1, 0].map((r) => 100 * r + 10 * a + height)));
    });
  }
});

test.each(ORIENTATIONS)("inserting what was extracted rebuilds the volume: $order $signs", ({ order, signs }) => {
  const volume = stored(order, signs, 0.2);
  for (const axis of [0, 1, 2] as const) {
    const rebuilt = { ...volume, data: new Int16Array(60).fill(-1) };
    for (let index = 0; index < volume.shape[axis]; index++) {
      insertSlice(rebuilt, axis, index, extractSlice(volume, axis, index).data);
    }
    expect([...rebuilt.data]).toEqual([...volume.data]);
  }
});

test("an affine halfway between two axes is still a permutation", () => {
  const h = Math.SQRT1_2;
  const axes = sliceAxes([
    [h, -h, 0, 0],
    [h, h, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ]);
  expect(new Set([axes.right.axis, axes.anterior.axis, axes.superior.axis])).toEqual(new Set([0, 1, 2]));
});

test("slices and pixels that do not exist", () => {
  const volume = stored([0, 1, 2], [1, 1, 1]);
  expect(() => extractSlice(volume, 3, 0)).toThrow("slice: no such axis, got 3, expected 0, 1 or 2");
  expect(() => extractSlice(volume, 0, 3)).toThrow("slice: no such slice along axis 0, got 3, expected 0 to 2");
  expect(() => extractSlice(volume, 2, 0.5)).toThrow("slice: no such slice along axis 2, got 0.5, expected 0 to 4");
  expect(() => insertSlice(volume, 0, 0, new Float32Array(19))).toThrow(
    "insertSlice: bad pixels, got 19, expected 20 (5 x 4)",
  );
});
