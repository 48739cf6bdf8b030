// What reports say of a record: ratios, the table for the terminal, and reading records back.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { BenchRecord } from "../../bench/record.ts";
import { formatNumber, formatSamples, formatShare } from "../../bench/report/format.ts";
import { parseRecord, readRecord } from "../../bench/report/read.ts";
import { countedRatio, gpuPeers, peerRatio, summarizeRatios } from "../../bench/report/summary.ts";
import { formatRecord } from "../../bench/report/text.ts";
import { wrap } from "../../bench/report/text-layout.ts";
import { FormatError } from "../../src/errors.ts";
import { scratchFolder } from "../support/scratch.ts";
import {
  asSoftware,
  buildPeer,
  buildRecord,
  buildRow,
  buildSamples,
  buildTrainingRow,
  buildWholeRecord,
} from "./record.ts";

const row = (name: string, peerMs: number) => buildRow({ name, peers: { "ONNX Runtime WebGPU": buildPeer(peerMs) } });

test("the geometric mean is that of all ratios", () => {
  const summary = summarizeRatios(buildRecord([row("a", 8), row("b", 0.5), row("c", 2)]));
  expect(summary.geometricMean).toBeCloseTo(2, 12); // the arithmetic one would be 3.5
  expect(summary.count).toBe(3);
  expect([summary.least?.row.name, summary.least?.ratio]).toEqual(["b", 0.5]);
});

test("the fastest GPU peer counts", () => {
  const peers = { "ONNX Runtime WebGPU": buildPeer(4), "jax-js": buildPeer(3), "TensorFlow.js WebGPU": buildPeer(5) };
  const measured = buildRow({ ours: buildSamples(2), peers });
  expect(gpuPeers(measured).map(({ name }) => name)).toEqual(["jax-js", "ONNX Runtime WebGPU", "TensorFlow.js WebGPU"]);
  expect(peerRatio(measured)).toBe(1.5);
});

test("peers on the CPU are shown and never counted", () => {
  const peers = { "ONNX Runtime CPU": buildPeer(0.125), "jax-js": buildPeer(3) };
  const both = buildRow({ name: "both", peers });
  const alone = buildRow({ name: "alone", peers: { "ONNX Runtime CPU": buildPeer(0.25) } });
  const { geometricMean, count, withoutPeer } = summarizeRatios(buildRecord([both, alone]));
  expect([geometricMean, count]).toEqual([expect.closeTo(3, 12), 1]);
  expect(withoutPeer).toEqual([alone]);
  const text = formatRecord(buildRecord([both, alone]));
  expect(text).toMatch(/^ {2}both .* 0\.125 +3\.00 +3\.00x +conv2d-tiled$/m);
  expect(text).toMatch(/^ {2}alone .* 0\.250 +- +- +conv2d-tiled$/m);
  expect(text).toContain("Without a GPU peer: 1 row: alone (f32).");
  expect(text).toContain("* computes on the CPU");
});

test("rows with a problem say why and are not counted", () => {
  const bad = { ...row("bad", 100), problem: "element 3 of our result is NaN" };
  const record = buildRecord([row("good", 2), bad]);
  expect(countedRatio(bad)).toBeNull();
  const { geometricMean, count, untrusted, withoutPeer } = summarizeRatios(record);
  expect([geometricMean, count, untrusted, withoutPeer]).toEqual([expect.closeTo(2, 12), 1, [bad], []]);
  const lines = formatRecord(record).split("\n");
  const at = lines.findIndex((line) => line.startsWith("  bad"));
  expect(lines[at]).toMatch(/ - +conv2d-tiled$/);
  expect(lines[at + 1]).toBe("    not counted: element 3 of our result is NaN");
  expect(lines).toContain("Not counted, for a problem: 1 row: bad (f32).");
});

test("without any ratio there is no mean", () => {
  const record = buildRecord([buildRow({ peers: {} })]);
  expect(summarizeRatios(record)).toMatchObject({ geometricMean: null, count: 0, least: null });
  expect(formatRecord(record)).toContain("Geometric mean of ratios: none");
  expect(formatRecord(buildRecord([]))).toContain("Geometric mean of ratios: none");
});

test("a line of the table holds the row's numbers", () => {
  const peers = { "ONNX Runtime WebGPU": buildPeer(6), "jax-js": { problem: "no dilation" } };
  const measured = buildRow({ name: "x", ours: buildSamples(4, 0.25), gpuMs: 2, flop: 8e9, rooflineShare: 0.4, peers });
  const text = formatRecord(buildRecord([measured]), { width: 160 });
  // 8 GFLOP in 2 ms of GPU time; the whole run's 4 ms are for the ratio.
  expect(text).toMatch(/^ {2}x +f32 +8\.00 +4\.00 ±0\.25 +2\.00 +4000 +40 % +6\.00 +- +1\.50x +conv2d-tiled$/m);
  expect(text).toContain("No time of jax-js: no dilation (1 row: x (f32)).");
  expect(text).not.toContain("Rows without GPU ms");
});

test("a step of training has a line for each engine that took it", () => {
  const text = formatRecord(buildRecord([buildTrainingRow()], { data: "device" }), { width: 160 });
  expect(text).toMatch(/^ {2}atrous +20\.0 ±0\.2 +21\.0 ±0\.2 +39\.0 +0\.70000 0\.65000 0\.62500 +-$/m);
  expect(text).toMatch(
    /^ {2}TensorFlow\.js WebGPU +80\.0 ±0\.8 +82\.0 ±0\.8 +123 +0\.70000 0\.65000 0\.62501 +3\.0e-7$/m,
  );
  expect(text).not.toMatch(/^ {2}jax-js/m);
  expect(text).toContain("No time of jax-js: no dilation");
  expect(text).toContain("the batch is on the GPU, the loss is read back");
  expect(formatRecord(buildRecord([buildRow()]))).not.toContain("Steps of training");
});

test("rows of one operator name what computed them; networks have too many kernels for a line", () => {
  const network = buildRow({ suite: "models", name: "net", kernels: ["conv2d/direct", "add/quads"], peers: {} });
  const split = buildRow({ suite: "gradients", name: "gw", kernels: ["a/tiled", "sum/parts"], peers: {} });
  const text = formatRecord(buildRecord([network, split]), { width: 160 });
  expect(text).toMatch(/ kernel$/m);
  expect(text).toMatch(/^ {2}net .* -$/m);
  expect(text).toMatch(/^ {2}gw .* a\/tiled \+ sum\/parts$/m);
  expect(formatRecord(buildRecord([network]))).not.toMatch(/ kernel$/m);
});

test("gradients have no peer, and no ratio is missed", () => {
  const text = formatRecord(buildRecord([buildRow({ suite: "gradients", peers: {} })]), { width: 160 });
  expect(text).toContain("gradients: ResNet-18");
  expect(text).not.toContain("Without a GPU peer");
});

test("without GPU time the speed is the whole run's, and that is said", () => {
  const text = formatRecord(buildRecord([buildRow({ ours: buildSamples(4), gpuMs: null, flop: 8e9 })]), { width: 160 });
  expect(text).toMatch(/ 8\.00 +4\.00 ±0\.04 +- +2000 +- /);
  expect(text).toContain("Rows without GPU ms");
});

test("the header names adapter, date and peaks, and what a software adapter is worth", () => {
  const record = buildRecord([buildRow()]);
  const text = formatRecord(record);
  expect(text).toContain("Acme 3000: 1.2.3");
  expect(text).toContain("2026-03-04 05:06 UTC");
  expect(text).toContain("f32 14200 GFLOP/s, f16 27500 GFLOP/s, copy 610 GB/s");
  expect(text).not.toContain("SOFTWARE");
  expect(formatRecord(asSoftware(record))).toContain("SOFTWARE adapter: ratios may tell, times do not.");
  expect(formatRecord({ ...record, peaks: null })).toContain("not measured");
});

test.each([80, 100, 120, 160])("nothing is cut and nothing runs over %i columns", (width) => {
  const record = buildWholeRecord();
  const lines = formatRecord(record, { width }).split("\n");
  expect(lines.filter((line) => line.length > width)).toEqual([]);
  const words = new Set(lines.join(" ").split(/\s+/));
  for (const { ours, peers } of record.rows) {
    for (const peer of Object.values(peers))
      if ("samples" in peer) expect(words).toContain(formatNumber(peer.samples.medianMs));
    expect(words).toContain(formatNumber(ours.medianMs));
  }
});

test("a record cannot move the cursor of a terminal", () => {
  const evil = "\u001b[2Jgone\nand a new line";
  const record = buildRecord([
    { ...buildRow({ name: evil, group: evil, peers: { [evil]: { problem: evil } } }), problem: evil },
  ]);
  const text = formatRecord({ ...record, version: evil, host: { ...record.host, cpu: evil } });
  expect(text).not.toContain("\u001b");
  expect(text).toContain("\\u001b[2Jgone and a new line");
});

test("numbers have three digits that count", () => {
  const texts = [0, 0.00123456, 0.0000123, 1.23456, 99.99, 123.4, 65432.1, 1.5e7].map(formatNumber);
  expect(texts).toEqual(["0.00", "0.00123", "1.2e-5", "1.23", "100", "123", "65432", "1.5e+7"]);
  expect([null, Number.NaN, Number.POSITIVE_INFINITY].map(formatNumber)).toEqual(["-", "-", "-"]);
  expect([0.012, 0.5, 1, null].map(formatShare)).toEqual(["1.2 %", "50 %", "100 %", "-"]);
  expect(formatSamples(buildSamples(12.34, 0.56))).toBe("12.3 ±0.6");
});

test("paragraphs break at spaces; a longer word stays whole", () => {
  expect(wrap("aa bb cc dd", 5, "  ")).toEqual(["aa bb", "  cc", "  dd"]);
  expect(wrap("a bbbbbbbbbb c", 5, " ")).toEqual(["a", " bbbbbbbbbb", " c"]);
  expect(wrap("  ab", 80, "")).toEqual(["  ab"]);
});

test("a record read back is the same", async () => {
  const record = buildWholeRecord();
  expect(parseRecord(JSON.stringify(record), "r.json")).toEqual(record);
  const bare = buildRecord([], { peaks: null });
  expect(parseRecord(JSON.stringify({ ...bare, later: 1 }), "r.json")).toEqual(bare);
  const folder = scratchFolder();
  const path = join(folder, "r.json");
  writeFileSync(path, JSON.stringify(record));
  expect(await readRecord(path)).toEqual(record);
  await expect(readRecord(join(folder, "absent.json"))).rejects.toThrow(FormatError);
});

type Json = { [name: string]: Json } & Json[];

/** Message of the FormatError after one change to a good record. */
function complaint(change: (json: Json) => unknown): string {
  const peers = { "jax-js": buildPeer(2), "ONNX Runtime CPU": buildPeer(0.5) };
  const json = JSON.parse(
    JSON.stringify(buildRecord([row("a", 2), buildRow({ name: "b", peers })] satisfies BenchRecord["rows"])),
  );
  change(json);
  try {
    parseRecord(JSON.stringify(json), "r.json");
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  return "none";
}

const rowOf = (json: Json, i = 1) => json.rows![i]!;

test.each<[string, (json: Json) => unknown]>([
  ["schema: got 2, expected 1", (json) => Object.assign(json, { schema: 2 })],
  ['date: got "today", expected a date', (json) => Object.assign(json, { date: "today" })],
  ["version: got nothing, expected text", (json) => delete json.version],
  [
    'adapter.kind: got "cloud", expected "hardware" or "software"',
    (json) => Object.assign(json.adapter!, { kind: "cloud" }),
  ],
  ["host: got a list of 0, expected an object", (json) => Object.assign(json, { host: [] })],
  ["peaks: got nothing, expected an object", (json) => delete json.peaks],
  ["peaks.copyGBs: got 0, expected a number above 0", (json) => Object.assign(json.peaks!, { copyGBs: 0 })],
  ["rows: got an object, expected a list", (json) => Object.assign(json, { rows: {} })],
  ["rows[1]: got 7, expected an object", (json) => Object.assign(json.rows!, { 1: 7 })],
  ["rows[1].shape[2]: got 1.5, expected a whole number", (json) => Object.assign(rowOf(json).shape!, { 2: 1.5 })],
  ["rows[1].flop: got -1, expected a number of at least 0", (json) => Object.assign(rowOf(json), { flop: -1 })],
  ["rows[1].gpuMs: got nothing", (json) => delete rowOf(json).gpuMs],
  [
    "rows[1].ours.medianMs: got null, expected a number above 0",
    (json) => Object.assign(rowOf(json).ours!, { medianMs: null }),
  ],
  ["rows[1].ours.milliseconds: got a list of 0", (json) => Object.assign(rowOf(json).ours!, { milliseconds: [] })],
  ['rows[1].peers["jax-js"].samples: got nothing', (json) => delete rowOf(json).peers!["jax-js"]!.samples],
  ["rows[1].training.losses: got nothing, expected an object", (json) => Object.assign(rowOf(json), { training: {} })],
  [
    'rows[1].training.peakBytes["x"]: got -1, expected a number of at least 0',
    (json) => Object.assign(rowOf(json), { training: { losses: {}, uploaded: {}, peakBytes: { x: -1 } } }),
  ],
  ["rows[1].rooflineShare: got 1.2, expected a share", (json) => Object.assign(rowOf(json), { rooflineShare: 1.2 })],
  // The CPU peer's.
  ["rows[1].ratio: got 0.5, expected 2.000 by the samples", (json) => Object.assign(rowOf(json), { ratio: 0.5 })],
  ["rows[1].ratio: got 2, expected null", (json) => Object.assign(rowOf(json), { peers: {} })],
  ["rows[1].name: got a (f32) again", (json) => Object.assign(rowOf(json), { name: "a" })],
])("the reader refuses: %s", (message, change) => {
  expect(complaint(change)).toContain(`r.json: ${message}`);
});

test("what is no JSON is refused by name", () => {
  expect(() => parseRecord("{", "r.json")).toThrow(/^r\.json: no JSON/);
  expect(() => parseRecord("null", "r.json")).toThrow("r.json: document: got null, expected an object");
});
