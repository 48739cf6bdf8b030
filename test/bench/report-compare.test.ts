// Comparing with a baseline: planted regressions are found, noise is not.
import { expect, test } from "vitest";
import { compareRecords, noiseLimit } from "../../bench/report/compare.ts";
import { UsageError } from "../../src/errors.ts";
import { asSoftware, buildRecord, buildRow, buildSamples, buildWholeRecord } from "./record.ts";

/** Whole-run times only. */
const wall = (name: string, medianMs: number, spreadMs = 0) =>
  buildRow({ name, gpuMs: null, ours: buildSamples(medianMs, spreadMs) });
const names = (changes: readonly { readonly after: { readonly name: string } }[]) =>
  changes.map(({ after }) => after.name);

test("a record beside itself has not changed", () => {
  const record = buildWholeRecord();
  const { regressions, improvements, unchanged, missing, added, untrusted } = compareRecords(record, record);
  expect([regressions, improvements, missing, added]).toEqual([[], [], [], []]);
  expect(unchanged.length + untrusted.length).toBe(record.rows.length);
  expect(untrusted).toHaveLength(1);
});

test("planted regressions and improvements are found, worst and best first", () => {
  const before = buildRecord([
    wall("slow", 10),
    wall("slower", 10),
    wall("fast", 10),
    wall("faster", 10),
    wall("same", 10),
  ]);
  const after = buildRecord([
    wall("slow", 11),
    wall("slower", 20),
    wall("fast", 9),
    wall("faster", 5),
    wall("same", 10.4),
  ]);
  const { regressions, improvements, unchanged, text } = compareRecords(before, after);
  expect(names(regressions)).toEqual(["slower", "slow"]);
  expect(regressions.map(({ ratio }) => ratio)).toEqual([2, 1.1]);
  expect(names(improvements)).toEqual(["faster", "fast"]);
  expect(names(unchanged)).toEqual(["same"]);
  expect(text).toMatch(/2 slower, 2 faster, 1 within noise/);
  expect(text).toMatch(/^ {2}slower \(f32\) +10\.0 +20\.0 +2\.00x +±5 % wall$/m);
});

test("five percent are the least that counts, to both sides", () => {
  const at = (medianMs: number) => compareRecords(buildRecord([wall("x", 100)]), buildRecord([wall("x", medianMs)]));
  expect(at(104.9).unchanged).toHaveLength(1);
  expect(at(105.1).regressions).toHaveLength(1);
  expect(at(95.3).unchanged).toHaveLength(1);
  expect(at(95.1).improvements).toHaveLength(1);
});

test("noise of either record widens the limit", () => {
  expect(noiseLimit(buildSamples(10, 0), buildSamples(10, 0))).toBe(0.05);
  // 3 x sqrt(0.03^2 + 0.04^2)
  expect(noiseLimit(buildSamples(10, 0.3), buildSamples(20, 0.8))).toBeCloseTo(0.15, 12);
  for (const [s1, s2] of [
    [0.4, 0],
    [0, 0.4],
  ] as const) {
    const quiet = compareRecords(buildRecord([wall("x", 10, s1)]), buildRecord([wall("x", 11, s2)]));
    expect(quiet.regressions).toEqual([]);
    expect(quiet.unchanged[0]?.limit).toBeCloseTo(s1 > 0 ? 0.12 : (3 * 0.4) / 11, 12);
  }
  const loud = compareRecords(buildRecord([wall("x", 10, 0.4)]), buildRecord([wall("x", 11.3, 0)]));
  expect(names(loud.regressions)).toEqual(["x"]);
});

test("GPU times are compared where both records have them", () => {
  const row = (gpuMs: number | null, medianMs: number) => buildRow({ gpuMs, ours: buildSamples(medianMs, 0) });
  const both = compareRecords(buildRecord([row(1, 10)]), buildRecord([row(2, 10)]));
  expect(both.regressions).toMatchObject([{ clock: "GPU", beforeMs: 1, afterMs: 2, ratio: 2 }]);
  const one = compareRecords(buildRecord([row(1, 10)]), buildRecord([row(null, 10)]));
  expect(one.unchanged).toMatchObject([{ clock: "wall", ratio: 1 }]);
});

test("rows pair by suite, name, precision and shape", () => {
  const base = wall("x", 10);
  const before = buildRecord([base, wall("gone", 1)]);
  for (const other of [{ suite: "models" }, { name: "y" }, { precision: "f16" }, { shape: [2, 64, 64, 64] }] as const) {
    const { missing, added, regressions } = compareRecords(
      before,
      buildRecord([{ ...base, ...other, ours: buildSamples(99) }]),
    );
    expect(missing.map(({ name }) => name)).toEqual(["x", "gone"]);
    expect(added).toHaveLength(1);
    expect(regressions).toEqual([]);
  }
  const { text } = compareRecords(before, buildRecord([base, wall("new", 1)]));
  expect(text).toMatch(/Missing:\n {2}gone \(f32\)\n\nAdded:\n {2}new \(f32\)/);
});

test("times of rows with a problem are not compared", () => {
  const bad = { ...wall("x", 99), problem: "results differ" };
  const broken = compareRecords(buildRecord([wall("x", 1)]), buildRecord([bad]));
  expect(broken.regressions).toEqual([]);
  expect(broken.untrusted).toHaveLength(1);
  expect(broken.text).toContain("x (f32): results differ (new)");
  const mended = compareRecords(buildRecord([bad]), buildRecord([wall("x", 1)]));
  expect(mended.improvements).toEqual([]);
  expect(mended.text).toContain("x (f32): of the baseline: results differ");
});

test("other adapters and schemas are refused", () => {
  const record = buildRecord([buildRow()]);
  const adapter = (change: object) => ({ ...record, adapter: { ...record.adapter, ...change } });
  for (const other of [adapter({ device: "Acme 4000" }), adapter({ vendor: "other" }), asSoftware(record)])
    expect(() => compareRecords(record, other)).toThrow(UsageError);
  expect(() => compareRecords(record, Object.assign({}, record, { schema: 2 }))).toThrow(
    /schemas, got 2 beside a baseline of 1/,
  );
  const unnamed = adapter({ vendor: "", architecture: "", device: "" });
  const other = { ...unnamed, adapter: { ...unnamed.adapter, driver: "something else" } };
  expect(() => compareRecords(unnamed, other)).toThrow(UsageError);
});

test("another driver of the same adapter is compared, and named", () => {
  const record = buildRecord([buildRow()]);
  const newer = { ...record, adapter: { ...record.adapter, driver: "Acme 3000: 2.0.0", description: "Acme: 2.0.0" } };
  expect(compareRecords(record, newer).text).toContain("The driver was another one: Acme 3000: 1.2.3");
});

test("a software adapter on another CPU is another adapter", () => {
  const record = buildRecord([buildRow()]);
  const elsewhere = { ...record, host: { ...record.host, cpu: "Other CPU" } };
  expect(() => compareRecords(asSoftware(record), asSoftware(elsewhere))).toThrow(/software on Other CPU/);
  expect(compareRecords(record, elsewhere).unchanged).toHaveLength(1);
});
