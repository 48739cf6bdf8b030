// The driver for machines without one: what it does to the process, the cache and the screen.

import { mkdirSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { embeddedDriver } from "../../src/gpu/embedded-driver.ts";
import { scratchFolder } from "../support/scratch.ts";
import { bundle, runChild } from "./child.ts";

const PROGRAM = `
import { openGpu } from "./src/gpu/node.ts";
const before = JSON.stringify(process.env);
try {
  const gpu = await openGpu({ adapter: process.argv[2] });
  console.log(gpu.adapter.driver);
  if (JSON.stringify(process.env) !== before) console.log("environment changed");
} catch (error) {
  console.log(error.name, error.kind, error.message);
}`;

describe.skipIf(process.platform !== "linux" || process.arch !== "x64")("the embedded driver", () => {
  let file: string;
  let cache: string;
  beforeAll(async () => {
    file = await bundle("embedded", PROGRAM);
  });
  beforeEach(() => {
    cache = scratchFolder();
  });
  const run = (adapter: string, environment: NodeJS.ProcessEnv = {}) =>
    runChild(file, [adapter], { XDG_CACHE_HOME: cache, ...environment });
  /** As on a machine whose loader, if any, finds no driver. */
  const noDriver = { VK_DRIVER_FILES: "/nonexistent/none.json", VK_ICD_FILENAMES: undefined };

  test("stands in where no driver is, silently, and leaves the environment alone", async () => {
    const first = await run("auto", noDriver);
    expect(first).toEqual({ exit: 0, stdout: expect.stringMatching(/^SwiftShader .*\(software\)\n$/), stderr: "" });
    const [folder, ...others] = readdirSync(join(cache, "atrous"));
    expect(others).toEqual([]);
    expect(folder).toMatch(/^swiftshader-\d+\.\d+\.\d+-\d+$/);
    const inode = statSync(join(cache, "atrous", folder!)).ino;
    expect(await run("software", noDriver)).toEqual(first);
    expect(await run("swiftshader", noDriver)).toEqual(first);
    expect(statSync(join(cache, "atrous", folder!)).ino).toBe(inode);
  });

  test("is never used for hardware", async () => {
    const { stdout, stderr } = await run("hardware", noDriver);
    expect(stdout).toMatch(/^DeviceError no-adapter openGpu: no adapter for "hardware"; found: none\nInstall a Vulkan/);
    expect(stderr).toBe("");
    expect(readdirSync(cache)).toEqual([]);
  });

  test("is listed when the name does not match", async () => {
    const { stdout } = await run("GeForce", noDriver);
    expect(stdout).toMatch(/no adapter for "GeForce"; found: google \/ swiftshader .*\(software\)/);
  });

  test("is unpacked once by processes that start together", async () => {
    const results = await Promise.all(Array.from({ length: 4 }, () => run("auto", noDriver)));
    expect(results.map(({ exit, stderr }) => `${exit}${stderr}`)).toEqual(["0", "0", "0", "0"]);
    expect(readdirSync(join(cache, "atrous"))).toHaveLength(1);
  });

  test("does not load code from a folder that is a link or open to others", async () => {
    const foreign = join(cache, "foreign");
    mkdirSync(foreign);
    symlinkSync(foreign, join(cache, "atrous"));
    const result = await run("auto", noDriver);
    expect(result.stdout).toMatch(/^SwiftShader/);
    expect(readdirSync(foreign)).toEqual([]);
  });

  test("goes to the temporary folder when there is no home to write to", async () => {
    const result = await run("auto", { ...noDriver, XDG_CACHE_HOME: "/etc/passwd/none", TMPDIR: cache });
    expect(result.stdout).toMatch(/^SwiftShader/);
    expect(readdirSync(cache)).toEqual([expect.stringMatching(/^atrous-\d+$/)]);
  });

  test("gives a manifest", () => {
    expect(embeddedDriver()?.manifest).toMatch(/vk_swiftshader_icd\.json$/);
  });
});
