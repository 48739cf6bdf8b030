// A parity report as JUnit XML: one test case per layer, for CI systems that show such files.
import { printable } from "../printable.ts";
import { labelOf, type ParityReport, type ParityRow } from "./parity.ts";

/** One `<testsuite>` per report. */
export function toJUnit(reports: readonly ParityReport[]): string {
  const suites = reports.map((report) => {
    const failures = report.rows.filter((row) => !row.passed).length + (report.classes?.unexplained ? 1 : 0);
    const cases = [...report.rows.map((row) => layerCase(report, row)), ...classCase(report)];
    const counts = `tests="${cases.length}" failures="${failures}"`;
    return `  <testsuite name="${xmlText(report.model)}" ${counts}>\n${cases.join("\n")}\n  </testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="atrous parity">\n${suites.join("\n")}\n</testsuites>\n`;
}

function layerCase(report: ParityReport, row: ParityRow): string {
  const name = `    <testcase classname="${xmlText(report.model)}" name="${xmlText(labelOf(row))}"`;
  const split =
    row.explained === undefined
      ? ""
      : `; its inputs explain ${row.explained.toExponential(2)}, the layer adds ${row.added?.toExponential(2)}`;
  if (row.passed) {
    if (split === "") return `${name}/>`;
    return `${name}><system-out>${xmlText(`relative L2 ${row.relativeL2.toExponential(2)}${split}`)}</system-out></testcase>`;
  }
  const { index, got, expected } = row.worst;
  const lost = row.nonFinite > 0 ? `; ${row.nonFinite} elements are not finite` : "";
  const text =
    `relative L2 ${row.relativeL2.toExponential(2)} over the limit ${row.limit}; ` +
    `worst element [${index.join(", ")}] is ${got}, expected ${expected}${split}${lost}`;
  return `${name}><failure message="${xmlText(text)}"/></testcase>`;
}

function classCase(report: ParityReport): string[] {
  if (!report.classes) return [];
  const name = `    <testcase classname="${xmlText(report.model)}" name="class map"`;
  const { differing, unexplained, pixels } = report.classes;
  if (unexplained === 0) return [`${name}/>`];
  const text = `${unexplained} of ${differing} differing pixels (${pixels} in all) are clear decisions of the reference`;
  return [`${name}><failure message="${xmlText(text)}"/></testcase>`];
}

function xmlText(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return printable(text).replace(/[&<>"]/g, (character) => entities[character]!);
}
