// Random numbers of (key, stream, lane): known answers, independence of order, and the shapes of their distributions.
import { expect, test } from "vitest";
import { Random, threefry, type Words } from "../src/random.ts";

/** Source: Random123's kat_vectors, rows `threefry2x32 20`. */
const knownAnswers: readonly (readonly [key: Words, counter: Words, words: Words])[] = [
  [
    [0, 0],
    [0, 0],
    [0x6b200159, 0x99ba4efe],
  ],
  [
    [0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x1cb996fc, 0xbb002be7],
  ],
  [
    [0x13198a2e, 0x03707344],
    [0x243f6a88, 0x85a308d3],
    [0xc4923a9c, 0x483df7a0],
  ],
];

test.each(knownAnswers)("threefry of key %j and counter %j", (key, counter, words) => {
  const out = new Uint32Array(2);
  threefry(key, counter, out);
  expect([...out]).toEqual(words);
});

const draw = (random: Random, count: number) => Array.from({ length: count }, () => random.next());

test("the same key, stream and lane give the same numbers; any other gives others", () => {
  const numbers = draw(new Random([7, 1], 3, 2), 5);
  expect(draw(new Random([7, 1], 3, 2), 5)).toEqual(numbers);
  for (const other of [
    new Random([8, 1], 3, 2),
    new Random([7, 2], 3, 2),
    new Random([7, 1], 4, 2),
    new Random([7, 1], 3, 3),
  ]) {
    expect(draw(other, 5).filter((value) => numbers.includes(value))).toEqual([]);
  }
});

test("uniform numbers fill [0, 1) evenly, normal ones have mean 0 and deviation 1", () => {
  const random = new Random([1, 2], 3);
  const counts = new Uint32Array(16);
  for (let n = 0; n < 64_000; n++) counts[Math.floor(random.next() * 16)]!++;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 4000) ** 2 / 4000, 0);
  expect(chiSquare).toBeLessThan(37.7); // 15 degrees of freedom, one in a thousand
  const normals = Array.from({ length: 64_000 }, () => random.normal());
  const moment = (power: number) => normals.reduce((sum, value) => sum + value ** power, 0) / normals.length;
  expect(Math.abs(moment(1))).toBeLessThan(0.02);
  expect(Math.abs(moment(2) - 1)).toBeLessThan(0.02);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
});

test("a shuffle keeps all elements and reaches all orders", () => {
  const orders = new Set<string>();
  for (let stream = 0; stream < 200; stream++) {
    const order = new Random([5, 0], stream).shuffle([0, 1, 2, 3]);
    expect([...order].sort()).toEqual([0, 1, 2, 3]);
    orders.add(order.join());
  }
  expect(orders.size).toBe(24);
});
