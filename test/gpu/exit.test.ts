// A process that used the GPU ends by itself, with its own exit code and nothing on the screen, however it ends.
// ATROUS_EXIT_RUNS sets the number of runs for each way to end (default 1); 50 were run before this was trusted.

import { beforeAll, expect, test } from "vitest";
import { bundle, runChild } from "./child.ts";

const runs = Number(process.env.ATROUS_EXIT_RUNS ?? 1);

const PROGRAM = `
import { openGpu } from "./src/gpu/node.ts";
const gpu = await openGpu();
const [pipeline] = await gpu.pipelines([{ label: "fill", code: \`
  @group(0) @binding(0) var<storage, read_write> v: array<u32>;
  @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { v[id.x] = id.x * 3u; }\` }]);
const buffer = gpu.createBuffer(64 * 4 * 256, 0x80 | 4, "v");
const submit = () => {
  const encoder = gpu.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, gpu.device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer } }] }));
  pass.dispatchWorkgroups(256);
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
};
submit();
const data = new Uint32Array(await gpu.read(buffer, 0, 64 * 4 * 256));
console.log(data[1000]);
const ending = process.argv[2];
if (ending === "dispose") await gpu.dispose();
if (ending === "in-flight") for (let i = 0; i < 50; i++) submit();
if (ending === "compiling") void gpu.pipelines(Array.from({ length: 20 }, (_, i) => ({ label: "p" + i, code: "@compute @workgroup_size(1) fn main() { _ = " + i + "; }" })));
if (ending === "reading") void gpu.read(buffer, 0, 64);
if (ending === "process.exit") { submit(); process.exit(5); }
if (ending === "throw") { submit(); throw new Error("own"); }
if (ending === "two") { const other = await openGpu(); await other.dispose(); await openGpu(); }
if (ending === "collected") { for (let i = 0; i < 10; i++) { globalThis.gc(); await new Promise((r) => setTimeout(r, 5)); } submit(); await gpu.read(buffer, 0, 4); }
`;

let file: string;
beforeAll(async () => {
  file = await bundle("exit", PROGRAM);
});

test.each([
  ["nothing", 0],
  ["dispose", 0],
  ["in-flight", 0],
  ["compiling", 0],
  ["reading", 0],
  ["process.exit", 5],
  ["throw", 1],
  ["two", 0],
  ["collected", 0],
])(
  "ends after %s with exit code %i",
  async (ending, code) => {
    const failures: string[] = [];
    for (let run = 0; run < runs; run++) {
      const result = await runChild(file, [ending], { NODE_NO_WARNINGS: "1" }, 30_000);
      const quiet = ending === "throw" ? result.stderr.includes("Error: own") : result.stderr === "";
      if (result.exit !== code || result.stdout !== "3000\n" || !quiet)
        failures.push(`run ${run}: exit ${result.exit}, stdout ${result.stdout}, stderr ${result.stderr}`);
    }
    expect(failures).toEqual([]);
  },
  120_000 * Math.ceil(runs / 10),
);
