// README's table of speed and the records in docs/speed.md are what their generators make of the records that are kept.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readRecords, recordsSection, summarySection, writeRecords, writeSummary } from "../../bench/performance.ts";
import type { Section } from "../../bench/report/markdown.ts";
import { parseRecord } from "../../bench/report/read.ts";
import { asSoftware, buildPeer, buildRecord, buildRow, buildTrainingRow } from "./record.ts";

const read = ({ document }: Section) => readFileSync(document, "utf8");
const empty = ({ begin, end }: Section) => `${begin}${end}`;
const written = (record: ReturnType<typeof buildRecord>) =>
  writeRecords(empty(recordsSection), [{ file: "r.json", record }]);
const summary = (record: ReturnType<typeof buildRecord>) =>
  writeSummary(empty(summarySection), [{ file: "r.json", record }]);

test("README and docs/speed.md say what the records in bench/results say", async () => {
  const records = await readRecords("bench/results");
  expect(writeSummary(read(summarySection), records)).toBe(read(summarySection));
  expect(writeRecords(read(recordsSection), records)).toBe(read(recordsSection));
});

test("every record is named with its adapter, and software adapters as such", () => {
  const text = written(buildRecord([buildRow()]));
  expect(text).toContain("bench/results/r.json");
  expect(text).toContain(buildRecord([buildRow()]).adapter.driver.replace(" (software)", ""));
  const half = buildRecord([buildRow({ suite: "models", precision: "f16", name: "net" })]);
  expect(written(half)).toContain("| net, f16 |");
  expect(text).not.toContain("busy");
  const host = { cpu: "Acme CPU", cores: 8, node: "v20.20.0", load: 5.5 };
  const busy = parseRecord(JSON.stringify(buildRecord([buildRow()], { host })), "r.json");
  expect(written(busy)).toContain("**the machine was busy**, load 5.5: times are upper bounds");
  expect(() => writeRecords("no marks", [])).toThrow("docs/speed.md: expected");
  expect(() => writeSummary("no marks", [])).toThrow("README.md: expected");
});

test("README's table has the f32 rows that a GPU peer computed, and a line for all convolutions of a record", () => {
  const network = buildRow({ suite: "models", name: "net 8x8" });
  const record = buildRecord([
    buildRow(),
    buildTrainingRow(),
    network,
    { ...network, name: "alone", peers: {} },
    { ...network, name: "on the CPU", peers: { "ONNX Runtime CPU": buildPeer(2) } },
    { ...network, name: "half", precision: "f16" },
    { ...network, name: "wrong", problem: "results differ" },
  ]);
  expect(summary(record).split("\n").slice(2, -2)).toEqual([
    "| work | atrous | best GPU peer | peer / atrous | adapter |",
    "| --- | --- | --- | --- | --- |",
    "| net 8x8 | 1.00 ms | 2.00 ms, ONNX Runtime WebGPU | 2.00 | Acme 3000 |",
    "| MSFF-ResNet18/4 160x160 batch 4, a step of training | 20.0 ms | 80.0 ms, TensorFlow.js WebGPU | 4.00 | Acme 3000 |",
    "| 1 convolutions | - | the best of 1 engines | 2.00 (geometric mean; least 2.00) | Acme 3000 |",
  ]);
  const software = summary(asSoftware(record));
  expect(software).toContain("All adapters here are software drivers");
  expect(software).toContain("| llvmpipe, software |");
});
