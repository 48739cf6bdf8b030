// What a sample is: the mean of runs in a row, contenders in turn.
import { expect, test } from "vitest";
import { sampleInterleaved } from "../../bench/sample.ts";

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("short runs are timed in a row, long ones alone, and contenders take turns", async () => {
  const order: string[] = [];
  const contender = (name: string, milliseconds: number) => ({
    name,
    run: async () => {
      order.push(name);
      await sleep(milliseconds);
    },
  });
  const [short, long] = await sampleInterleaved([contender("short", 10), contender("long", 60)], 3);
  const turns = order
    .join(" ")
    .match(/short(?: short)*|long(?: long)*/g)!
    .map((turn) => turn.split(" "));
  expect(turns.map(([name]) => name)).toEqual(["short", "long", "short", "long", "short", "long", "short", "long"]);
  const inARow = turns.slice(2).map((turn) => turn.length);
  for (const count of [inARow[0]!, inARow[2]!, inARow[4]!]) expect(count).toBeGreaterThan(2);
  expect([inARow[1], inARow[3], inARow[5]]).toEqual([1, 1, 1]);
  for (const { milliseconds } of [short!, long!]) expect(milliseconds).toHaveLength(3);
  expect(short!.medianMs).toBeGreaterThan(9);
  expect(short!.medianMs).toBeLessThan(30);
  expect(long!.medianMs).toBeGreaterThan(59);
});

test("a contender's error is its own", async () => {
  let runs = 0;
  const failing = {
    name: "failing",
    run: async () => {
      runs++;
      if (runs > 4) throw new Error("no more");
    },
  };
  await expect(sampleInterleaved([failing], 2)).rejects.toThrow("no more");
});
