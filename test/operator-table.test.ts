// README's table of operators names every operator, and the ONNX operators that become it.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { onnxNames, operatorNames, readOperators, writeOperators } from "./support/operator-table.ts";

const rows = readOperators(readFileSync("README.md", "utf8"));

test("every exported operator has its row, and nothing else has one", () => {
  expect([...rows.keys()]).toEqual(operatorNames());
});

test("the rows say what the importer makes of ONNX operators, and errors below their tolerance", async () => {
  const { direct } = await onnxNames();
  for (const [name, [axes, f32, f16, onnx]] of rows) {
    expect(onnx, name).toBe((direct.get(name) ?? []).join(", "));
    expect(axes, name).toMatch(/^\d( to \d)?$/);
    for (const error of [f32, f16]) {
      expect(error, name).toMatch(/^(exact|-|\d+ %)$/);
      expect(Number.parseInt(error!, 10) || 0, name).toBeLessThanOrEqual(100);
    }
  }
});

test("an operator without recorded errors is no row, but an error", async () => {
  const readme = readFileSync("README.md", "utf8");
  await expect(writeOperators(readme, new Map())).rejects.toThrow(/^\w+: no errors were recorded/);
  await expect(writeOperators("", new Map())).rejects.toThrow("README.md: expected");
});
