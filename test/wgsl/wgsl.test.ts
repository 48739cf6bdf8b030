// The WGSL of one variant of every kernel is what lies here, so that a change of a fragment shows what it does everywhere.
// `UPDATE_WGSL=1 npx vitest run test/wgsl` writes the files anew.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { kernelSources } from "../support/kernel-sources.ts";

const folder = import.meta.dirname;
const sources = await kernelSources();

function stored(): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".wgsl")).sort();
}

if (process.env.UPDATE_WGSL) {
  for (const file of stored()) rmSync(join(folder, file));
  for (const [file, text] of sources) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
}

test("every kernel has a file, and every file a kernel", () => {
  expect(stored()).toEqual([...sources.keys()].sort());
});

for (const [file, text] of sources) {
  test(`${file} is what the kernel is rendered as`, () => {
    expect(text).toBe(readFileSync(join(folder, file), "utf8"));
  });
}
