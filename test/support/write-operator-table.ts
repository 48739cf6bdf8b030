// Runs operator tests and writes the table of docs/operators.md from what they measured.
//   npm run operators:docs                        all operators
//   npm run operators:docs -- conv2d softmax      the rows of these alone
//   npm run operators:docs -- --recorded FOLDER   from errors that ATROUS_OPERATOR_ERRORS=FOLDER left there
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { operatorNames, operatorSection, readErrors, writeOperators } from "./operator-table.ts";

const { document } = operatorSection;
const { values, positionals: only } = parseArgs({ options: { recorded: { type: "string" } }, allowPositionals: true });
const unknown = only.filter((name) => !operatorNames().includes(name));
if (unknown.length > 0) throw new Error(`unknown operators: ${unknown.join(", ")}; there are ${operatorNames()}`);

const folder = values.recorded ?? mkdtempSync(join(tmpdir(), "atrous-errors-"));
try {
  if (values.recorded === undefined) runTests();
  const named = only.length > 0 ? only : undefined;
  await writeFile(document, await writeOperators(await readFile(document, "utf8"), await readErrors(folder), named));
} finally {
  if (values.recorded === undefined) rmSync(folder, { recursive: true });
}

/** Suites begin with the name of their operator. Throws Error where a test fails. */
function runTests(): void {
  const filter = only.length > 0 ? ["--testNamePattern", `^(${only.join("|")}) `] : [];
  const { status } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "test/ops", ...filter], {
    env: { ...process.env, ATROUS_OPERATOR_ERRORS: folder },
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`the operator tests failed: ${document} stays as it is`);
}
