// README's performance section is what its generator makes of the records that are kept.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readRecords, writePerformance } from "../../bench/performance.ts";
import { parseRecord } from "../../bench/report/read.ts";
import { buildRecord, buildRow } from "./record.ts";

test("README says what the records in bench/results say", async () => {
  const readme = readFileSync("README.md", "utf8");
  expect(writePerformance(readme, await readRecords("bench/results"))).toBe(readme);
});

test("every record is named with its adapter, and software adapters as such", () => {
  const marks = readFileSync("README.md", "utf8").match(/<!--.*performance.*-->/g)!;
  const text = writePerformance(`${marks[0]}${marks[1]}`, [{ file: "r.json", record: buildRecord([buildRow()]) }]);
  expect(text).toContain("bench/results/r.json");
  expect(text).toContain(buildRecord([buildRow()]).adapter.driver.replace(" (software)", ""));
  const half = buildRecord([buildRow({ suite: "models", precision: "f16", name: "net" })]);
  expect(writePerformance(`${marks[0]}${marks[1]}`, [{ file: "r.json", record: half }])).toContain("| net, f16 |");
  expect(text).not.toContain("busy");
  const host = { cpu: "Acme CPU", cores: 8, node: "v20.20.0", load: 5.5 };
  const busy = parseRecord(JSON.stringify(buildRecord([buildRow()], { host })), "r.json");
  expect(writePerformance(`${marks[0]}${marks[1]}`, [{ file: "r.json", record: busy }])).toContain(
    "**the machine was busy**, load 5.5: times are upper bounds",
  );
  expect(() => writePerformance("no marks", [])).toThrow("README.md: expected");
});
