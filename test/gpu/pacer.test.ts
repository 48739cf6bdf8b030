// Waiting for a software driver leaves the CPU alone, and only while something waits long.
import { expect, test } from "vitest";
import { createPacer } from "../../src/gpu/pacer.ts";

/** Turns of the event loop in some milliseconds. */
async function countTurns(milliseconds: number): Promise<number> {
  const until = performance.now() + milliseconds;
  let turns = 0;
  while (performance.now() < until) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  return turns;
}

test("a turn of a long wait takes a millisecond, however many wait", async () => {
  const pacer = createPacer();
  pacer.begin();
  pacer.begin();
  await countTurns(25);
  expect(await countTurns(40)).toBeLessThanOrEqual(42);
  pacer.end();
  expect(await countTurns(40)).toBeLessThanOrEqual(42);
  pacer.end();
  expect(await countTurns(40)).toBeGreaterThan(200);
  pacer.begin();
  expect(await countTurns(40), "the first millisecond is free, then turns grow").toBeGreaterThan(42);
  expect(await countTurns(40)).toBeLessThanOrEqual(42);
  pacer.end();
});

test("waits that follow each other at once share their turns", async () => {
  const pacer = createPacer();
  for (let wait = 0; wait < 50; wait++) {
    pacer.begin();
    await new Promise((resolve) => setImmediate(resolve));
    pacer.end();
  }
  pacer.begin();
  await countTurns(25);
  expect(await countTurns(40)).toBeGreaterThan(10);
  pacer.end();
});
