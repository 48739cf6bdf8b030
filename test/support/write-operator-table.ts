// Runs the operator tests and writes README's table of operators from what they measured: `npm run operators:readme`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readErrors, writeOperators } from "./operator-table.ts";

/** A folder of errors that are recorded already may be given. */
const given = process.argv[2];
const folder = given ?? mkdtempSync(join(tmpdir(), "atrous-errors-"));
try {
  if (given === undefined) {
    const { status } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "test/ops"], {
      env: { ...process.env, ATROUS_OPERATOR_ERRORS: folder },
      stdio: "inherit",
    });
    if (status !== 0) throw new Error("the operator tests failed: README stays as it is");
  }
  const readme = await readFile("README.md", "utf8");
  await writeFile("README.md", await writeOperators(readme, await readErrors(folder)));
} finally {
  if (given === undefined) rmSync(folder, { recursive: true });
}
