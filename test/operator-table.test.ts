// The table of docs/operators.md names every operator, and the ONNX operators that become it.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { onnxNames, operatorNames, operatorSection, readOperators, writeOperators } from "./support/operator-table.ts";

const document = readFileSync(operatorSection.document, "utf8");
const rows = readOperators(document);

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
  await expect(writeOperators(document, new Map())).rejects.toThrow(/^\w+: no errors were recorded/);
  await expect(writeOperators("", new Map())).rejects.toThrow("docs/operators.md: expected");
});

test("one operator alone changes its own row and nothing else", async () => {
  const conv2d = { operator: "conv2d", ranks: [4, 7], largest: { f32: 0.421, f16: null } };
  const written = await writeOperators(document, new Map([["conv2d", conv2d]]), ["conv2d"]);
  const changed = written.split("\n").filter((line, i) => line !== document.split("\n")[i]);
  expect(changed).toEqual(["| `conv2d` | 4 to 7 | 43 % | exact | Conv |"]);
  const without = document.replace(/^\| `tanh` .*\n/m, "");
  await expect(writeOperators(without, new Map([["conv2d", conv2d]]), ["conv2d"])).rejects.toThrow(
    "tanh: it has no row",
  );
});
