// Choosing an adapter on this machine, whatever drivers it has. The choice of drivers without any is in embedded-driver.test.ts.

import { afterEach, beforeAll, expect, test } from "vitest";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openGpu } from "../../src/gpu/node.ts";
import { bundle, runChild } from "./child.ts";

const opened: Gpu[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((gpu) => gpu.dispose()));
});
async function open(adapter: string): Promise<Gpu> {
  const gpu = await openGpu({ adapter });
  opened.push(gpu);
  return gpu;
}

let program: string;
beforeAll(async () => {
  program = await bundle(
    "quiet",
    `import { openGpu } from "./src/gpu/node.ts";
    const before = JSON.stringify(process.env);
    for (const adapter of ["auto", "software"]) {
      const gpu = await openGpu({ adapter });
      await gpu.pipelines([{ label: "p", code: "@compute @workgroup_size(1) fn main() {}" }]);
      await gpu.dispose();
    }
    await openGpu({ adapter: "no such adapter" }).catch((error) => console.log(error.kind));
    console.error("own", JSON.stringify(process.env) === before);`,
  );
});

test("opens what auto found by each of its names", async () => {
  const { adapter } = await open("auto");
  for (const name of [adapter.vendor, adapter.architecture, adapter.device, adapter.description]) {
    if (name !== "") expect((await open(name.toUpperCase())).adapter).toEqual(adapter);
  }
  expect((await open(adapter.kind)).adapter.kind).toBe(adapter.kind);
});

test("opens a software adapter, and names it one", async () => {
  const { adapter } = await open("software");
  expect(adapter.kind).toBe("software");
  expect(adapter.driver).toMatch(/\(software\)$/);
});

test("asks for the adapter's limits, not the specification's", async () => {
  const gpu = await open("software");
  expect(gpu.limits.maxBufferSize).toBeGreaterThan(2 ** 28);
  expect(gpu.limits.maxComputeWorkgroupStorageSize).toBeGreaterThan(16384);
  expect(gpu.limits.maxStorageBuffersPerShaderStage).toBeGreaterThan(8);
  expect(gpu.features.has("timestamp-query")).toBe(true);
});

test("lists what there is when nothing matches", async () => {
  const { adapter } = await open("auto");
  const error = openGpu({ adapter: "Voodoo 2" });
  await expect(error).rejects.toMatchObject({ kind: "no-adapter" });
  await expect(error).rejects.toThrow(adapter.description);
  await expect(error).rejects.toThrow(/no adapter for "Voodoo 2"/);
});

test("opens several at once, independent of each other", async () => {
  const gpus = await Promise.all(["auto", "software", "auto"].map(open));
  expect(new Set(gpus.map((gpu) => gpu.device)).size).toBe(3);
  gpus[0]!.device.destroy();
  expect((await gpus[0]!.lost).kind).toBe("lost");
  await gpus[1]!.guard("g", () => gpus[1]!.device.queue.onSubmittedWorkDone());
  await gpus[2]!.guard("g", () => gpus[2]!.device.queue.onSubmittedWorkDone());
});

test.each([undefined, "/tmp"])(
  "prints nothing and leaves the environment alone, XDG_RUNTIME_DIR %s",
  async (folder) => {
    const result = await runChild(program, [], { XDG_RUNTIME_DIR: folder });
    expect(result).toEqual({ exit: 0, stdout: "no-adapter\n", stderr: "own true\n" });
  },
);
