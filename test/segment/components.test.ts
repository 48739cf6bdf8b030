// Connected parts against a flood from each element that has no label yet.
import { expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { connectedComponents } from "../../src/segment/components.ts";
import { createRandom } from "../support/random.ts";

function flood(mask: readonly number[], [depth, height, width]: readonly [number, number, number]) {
  const labels = mask.map(() => 0);
  const sizes: number[] = [];
  const place = (i: number) => [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
  const places = mask.map((_, i) => place(i));
  expect(places).toHaveLength(depth * height * width);
  mask.forEach((value, first) => {
    if (value === 0 || labels[first] !== 0) return;
    sizes.push(0);
    const open = [first];
    labels[first] = sizes.length;
    for (let i = open.pop(); i !== undefined; i = open.pop()) {
      sizes[sizes.length - 1]!++;
      const from = places[i]!;
      places.forEach((to, other) => {
        if (mask[other] === 0 || labels[other] !== 0) return;
        if (to.some((index, axis) => Math.abs(index - from[axis]!) > 1)) return;
        labels[other] = sizes.length;
        open.push(other);
      });
    }
  });
  return { labels, sizes };
}

test("parts of volumes and pictures, sparse and dense", () => {
  const random = createRandom(2);
  for (let round = 0; round < 150; round++) {
    const length = () => 1 + Math.floor(random() * 7);
    const shape = [round % 3 === 0 ? 1 : length(), length(), length()] as const;
    const density = random() * 0.6;
    const mask = Array.from({ length: shape[0] * shape[1] * shape[2] }, () => (random() < density ? 1 : 0));
    const got = connectedComponents(mask, round % 3 === 0 ? shape.slice(1) : shape);
    const expected = flood(mask, shape);
    expect([...got.labels]).toEqual(expected.labels);
    expect(got.sizes).toEqual(expected.sizes);
  }
});

test("corners touch, also across slices", () => {
  expect(connectedComponents([1, 0, 0, 0, 0, 0, 0, 1], [2, 2, 2]).sizes).toEqual([2]);
  expect(connectedComponents([1, 0, 1], [1, 3]).sizes).toEqual([1, 1]);
});

test("sizes that do not fit are refused", () => {
  expect(() => connectedComponents([1, 0], [3, 1])).toThrow(UsageError);
  expect(() => connectedComponents([1, 0], [2])).toThrow("expected [D, H, W] or [H, W]");
});
