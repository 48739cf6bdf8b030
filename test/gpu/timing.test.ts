import { afterAll, beforeAll, expect, test } from "vitest";
import { BufferUsage, type Gpu } from "../../src/gpu/gpu.ts";
import { openGpu } from "../../src/gpu/node.ts";
import { GpuTimer, passTimes } from "../../src/gpu/timing.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openGpu({ debug: true });
});
afterAll(() => gpu.dispose());

/** One invocation that runs a chain of `steps` dependent multiplications. */
const CHAIN = `
@group(0) @binding(0) var<storage, read_write> state: array<u32>;
@compute @workgroup_size(1) fn main() {
  var x = state[0];
  for (var i = 0u; i < state[1]; i++) { x = x * 1664525u + 1013904223u; }
  state[0] = x;
}`;

test("times each pass in nanoseconds, in order, and again after a reading", async () => {
  const timer = GpuTimer.create(gpu, 2);
  expect(timer, "drivers that the tests run on have timestamps").toBeDefined();
  const [pipeline] = await gpu.pipelines([{ label: "chain", code: CHAIN }]);
  const groups = [10_000, 10_000_000].map((steps) => {
    const buffer = gpu.createBuffer(8, BufferUsage.STORAGE | BufferUsage.COPY_DST, `chain of ${steps}`);
    gpu.device.queue.writeBuffer(buffer, 0, new Uint32Array([1, steps]));
    const layout = pipeline!.getBindGroupLayout(0);
    return { buffer, group: gpu.device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer } }] }) };
  });
  // The first round is apart: software drivers compile a kernel when it first runs, inside its pass.
  const rounds: { short: number; long: number }[] = [];
  for (let round = 0; round < 4; round++) {
    const started = performance.now();
    await gpu.guard("chains", () => {
      const encoder = gpu.device.createCommandEncoder();
      for (const [i, { group }] of groups.entries()) {
        const pass = encoder.beginComputePass({ timestampWrites: timer!.pass(`chain ${i}`) });
        pass.setPipeline(pipeline!);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(1);
        pass.end();
      }
      timer!.resolve(encoder);
      gpu.device.queue.submit([encoder.finish()]);
    });
    const times = await timer!.read();
    const wallNanoseconds = (performance.now() - started) * 1e6;
    expect(times.map((time) => time.label)).toEqual(["chain 0", "chain 1"]);
    const [short, long] = times;
    expect(short!.nanoseconds).toBeGreaterThan(0);
    expect(short!.nanoseconds + long!.nanoseconds).toBeLessThan(wallNanoseconds);
    if (round > 0) rounds.push({ short: short!.nanoseconds, long: long!.nanoseconds });
    expect(short!.startNanoseconds).toBe(0);
    expect(long!.startNanoseconds).toBeGreaterThanOrEqual(short!.nanoseconds);
  }
  // A thousand times the steps; on a busy machine single rounds say little.
  const [short, long] = [Math.min(...rounds.map((r) => r.short)), Math.min(...rounds.map((r) => r.long))];
  expect(long).toBeGreaterThan(20 * short);
  expect(long, "ten million dependent steps take more than a millisecond anywhere").toBeGreaterThan(1e6);
  expect(await timer!.read()).toEqual([]);
  for (const { buffer } of groups) gpu.destroyBuffer(buffer);
  timer!.dispose();
});

test("refuses more passes than it has room for", () => {
  const timer = GpuTimer.create(gpu, 1);
  timer!.pass("first");
  expect(() => timer!.pass("second")).toThrow(/"second".*capacity of 1/);
  timer!.dispose();
  expect(() => GpuTimer.create(gpu, 0)).toThrow(/capacity is 0/);
  expect(() => GpuTimer.create(gpu, 2049)).toThrow(/capacity is 2049/);
});

test("keeps nanoseconds exact beyond 2^53 and marks nonsense", () => {
  const base = 2n ** 60n;
  const stamps = new BigUint64Array([base + 1n, base + 8n, base + 9n, base + 5n, 0n, 7n]);
  const times = passTimes(["a", "b", "c"], stamps);
  expect(times[0]).toEqual({ label: "a", nanoseconds: 7, startNanoseconds: 0 });
  expect(times[1]).toEqual({ label: "b", nanoseconds: Number.NaN, startNanoseconds: 8 });
  expect(times[2]!.nanoseconds).toBeNaN();
});
