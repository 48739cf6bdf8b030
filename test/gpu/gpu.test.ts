import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DeviceError } from "../../src/errors.ts";
import { embeddedDriver } from "../../src/gpu/embedded-driver.ts";
import { BufferUsage, Gpu } from "../../src/gpu/gpu.ts";
import { openGpu } from "../../src/gpu/node.ts";

const { STORAGE, COPY_SRC, COPY_DST } = BufferUsage;

const TRIPLE = `
@group(0) @binding(0) var<storage, read_write> values: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&values)) { values[id.x] *= 3u; }
}`;

/** The error that `work` ends in, which must be a DeviceError. */
async function failure(work: () => unknown): Promise<DeviceError> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(DeviceError);
    if (error instanceof DeviceError) return error;
  }
  throw new Error("no error, expected a DeviceError");
}

async function triple(gpu: Gpu, buffer: GPUBuffer): Promise<void> {
  const [pipeline] = await gpu.pipelines([{ label: "triple", code: TRIPLE }]);
  await gpu.guard("triple", () => {
    const layout = pipeline!.getBindGroupLayout(0);
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline!);
    pass.setBindGroup(0, gpu.device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer } }] }));
    pass.dispatchWorkgroups(Math.ceil(buffer.size / 256));
    pass.end();
    gpu.device.queue.submit([encoder.finish()]);
  });
}

test("pipelines are waited for as work is: a software driver compiles on the CPU that the wait would take", async () => {
  const opened = await openGpu();
  const told: string[] = [];
  const pacer = { begin: () => told.push("begin"), end: () => told.push("end") };
  const gpu = Gpu.fromDevice(opened.device, { owned: false, pacer });
  try {
    const compiled = gpu.pipelines([{ label: "triple", code: TRIPLE }]).then(() => told.push("compiled"));
    expect(told).toEqual(["begin"]);
    await compiled;
    expect(told).toEqual(["begin", "end", "compiled"]);
    await expect(gpu.pipelines([{ label: "wrong", code: "wrong" }])).rejects.toThrow("wrong");
    expect(told.slice(3)).toEqual(["begin", "end"]);
  } finally {
    await gpu.dispose();
    await opened.dispose();
  }
});

describe("an open device", () => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await openGpu({ debug: true });
  });
  afterAll(() => gpu.dispose());

  test("runs a kernel and reads back, whole and in part", async () => {
    const buffer = gpu.createBuffer(4 * 100, STORAGE | COPY_SRC | COPY_DST, "values");
    gpu.device.queue.writeBuffer(
      buffer,
      0,
      Uint32Array.from({ length: 100 }, (_, i) => i),
    );
    await triple(gpu, buffer);
    const whole = new Uint32Array(await gpu.read(buffer, 0, 400));
    expect([...whole]).toEqual(Array.from({ length: 100 }, (_, i) => 3 * i));
    expect(new Uint8Array(await gpu.read(buffer, 396, 3))).toEqual(new Uint8Array([297 & 255, 297 >> 8, 0]));
    expect((await gpu.read(buffer, 0, 0)).byteLength).toBe(0);
    gpu.destroyBuffer(buffer);
  });

  test("counts live buffers, rounded up to 4 bytes", () => {
    expect(gpu.allocated).toEqual({ buffers: 0, bytes: 0 });
    const a = gpu.createBuffer(5, STORAGE, "a");
    const b = gpu.createBuffer(0, STORAGE, "b");
    expect(gpu.allocated).toEqual({ buffers: 2, bytes: 12 });
    gpu.destroyBuffer(a);
    gpu.destroyBuffer(a);
    expect(gpu.allocated).toEqual({ buffers: 1, bytes: 4 });
    gpu.destroyBuffer(b);
    expect(gpu.allocated).toEqual({ buffers: 0, bytes: 0 });
  });

  test("compiles the same code once and reports progress", async () => {
    const progress: [number, number][] = [];
    const sources = [1, 2, 1].map((n) => ({
      label: `set ${n}`,
      code: `@group(0) @binding(0) var<storage, read_write> v: array<u32>; @compute @workgroup_size(1) fn main() { v[0] = ${n}u; }`,
    }));
    const [a, b, c] = await gpu.pipelines(sources, (done, total) => progress.push([done, total]));
    expect(a).toBe(c);
    expect(a).not.toBe(b);
    expect(progress).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  test("shows where WGSL does not compile", async () => {
    const code = "@compute @workgroup_size(1)\nfn main() {\n  let x = ;\n}\nfoo";
    const error = await failure(() => gpu.pipelines([{ label: "bad kernel", code }]));
    expect(error.kind).toBe("validation");
    expect(error.message).toContain('shader "bad kernel"');
    expect(error.message).toMatch(/3:11 error: .+\n +3 \| {3}let x = ;\n +\| {11}\^/);
    expect(error.message).toMatch(/5:1 error: .+\n +5 \| foo/);
    gpu.check();
  });

  test("lets no warning pass in debug mode", async () => {
    const code = "@compute @workgroup_size(1)\nfn main() {\n  return;\n  workgroupBarrier();\n}";
    const error = await failure(() => gpu.pipelines([{ label: "careless", code }]));
    expect(error.message).toMatch(/^shader "careless": WGSL compiles with warnings.*\n4:3 warning: .*unreachable/);
    const relaxed = await openGpu({ device: gpu.device });
    expect(await relaxed.pipelines([{ label: "careless", code }])).toHaveLength(1);
    await relaxed.dispose();
  });

  test("names a shader that compiles but makes no pipeline", async () => {
    const code = "@compute @workgroup_size(100000) fn main() {}";
    const error = await failure(() => gpu.pipelines([{ label: "huge group", code }]));
    expect(error.kind).toBe("validation");
    expect(error.message).toMatch(/huge group/);
    const other = await failure(() => gpu.pipelines([{ label: "no main", code: "fn f() {}" }]));
    expect(other.message).toMatch(/no main/);
    gpu.check();
  });

  test("reports a validation error under the guard's label, once", async () => {
    const error = await failure(() =>
      gpu.guard("node conv1", () => {
        gpu.device.createBuffer({ size: 16, usage: 0xffffff, label: "bad usage" });
      }),
    );
    expect(error.kind).toBe("validation");
    expect(error.message).toMatch(/^node conv1: .*bad usage/s);
    gpu.check();
  });

  test("reports what a guard does after an await", async () => {
    const error = await failure(() =>
      gpu.guard("late node", async () => {
        await gpu.device.queue.onSubmittedWorkDone();
        gpu.device.createBuffer({ size: 16, usage: 0xffffff, label: "bad usage" });
      }),
    );
    expect(error.message).toMatch(/^late node: .*bad usage/s);
    gpu.check();
  });

  test("keeps two guards apart", async () => {
    const results = await Promise.allSettled([
      gpu.guard("good", () => gpu.device.queue.onSubmittedWorkDone()),
      gpu.guard("bad", () => {
        gpu.device.createBuffer({ size: 16, usage: 0xffffff });
      }),
      gpu.guard("fine", () => 5),
    ]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  test("passes the caller's own exceptions through", async () => {
    const own = new RangeError("mine");
    await expect(gpu.guard("g", () => Promise.reject(own))).rejects.toBe(own);
    await expect(
      gpu.guard("g", () => {
        throw own;
      }),
    ).rejects.toBe(own);
    gpu.check();
  });

  test("throws an error outside of guards at the next check, once", async () => {
    gpu.device.createBuffer({ size: 16, usage: 0xffffff, label: "stray" });
    await gpu.device.queue.onSubmittedWorkDone();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(() => gpu.check()).toThrow(/stray/);
    gpu.check();
  });

  test("refuses buffers beyond the adapter's limits by name", async () => {
    const { maxStorageBufferBindingSize } = gpu.limits;
    const error = await failure(() => gpu.createBuffer(maxStorageBufferBindingSize + 4, STORAGE, "weights"));
    expect(error.kind).toBe("unsupported");
    expect(error.message).toMatch(/weights.*maxStorageBufferBindingSize/);
    expect((await failure(() => gpu.createBuffer(Number.NaN, STORAGE, "n"))).kind).toBe("validation");
    expect(gpu.allocated.buffers).toBe(0);
  });
});

// lavapipe hands out a TiB of untouched memory, so only SwiftShader can show this without filling the machine's memory.
describe.skipIf(embeddedDriver() === undefined)("out of memory", () => {
  test("names the buffer and the guard", async () => {
    const gpu = await openGpu({ adapter: "swiftshader" });
    const bytes = Math.min(gpu.limits.maxBufferSize, gpu.limits.maxStorageBufferBindingSize);
    const error = await failure(() =>
      gpu.guard("plan of a model", () => {
        for (let i = 0; i * bytes < 2 ** 37; i++) gpu.createBuffer(bytes, STORAGE, `giant ${i}`);
      }),
    );
    expect(error.kind).toBe("out-of-memory");
    expect(error.message).toMatch(/plan of a model: .*giant \d+/);
    await gpu.dispose();
  });
});

describe("a lost device", () => {
  test("rejects guards and reads, those under way as well, and never gives zeros", async () => {
    const gpu = await openGpu();
    const buffer = gpu.createBuffer(1 << 20, STORAGE | COPY_SRC | COPY_DST, "values");
    await triple(gpu, buffer);
    const reading = failure(() => gpu.read(buffer, 0, 1 << 20));
    const guarding = failure(() => gpu.guard("node", () => gpu.device.queue.onSubmittedWorkDone()));
    gpu.device.destroy();
    expect((await reading).kind).toBe("lost");
    expect((await guarding).kind).toBe("lost");
    expect((await gpu.lost).kind).toBe("lost");
    expect((await failure(() => gpu.read(buffer, 0, 4))).kind).toBe("lost");
    expect((await failure(() => gpu.guard("node", () => 1))).kind).toBe("lost");
    expect((await failure(() => gpu.pipelines([{ label: "triple", code: TRIPLE }]))).kind).toBe("lost");
    expect((await failure(() => gpu.createBuffer(4, STORAGE, "b"))).kind).toBe("lost");
    await gpu.dispose();
  });

  test("is noticed although nothing was waiting when it went", async () => {
    const gpu = await openGpu();
    const buffer = gpu.createBuffer(16, STORAGE | COPY_SRC, "values");
    gpu.device.destroy();
    expect((await failure(() => gpu.read(buffer, 0, 16))).kind).toBe("lost");
    await gpu.dispose();
  });
});

describe("dispose", () => {
  test("makes every later call fail as disposed, reads under way too", async () => {
    const gpu = await openGpu();
    const buffer = gpu.createBuffer(1 << 20, STORAGE | COPY_SRC, "values");
    let lost = false;
    void gpu.lost.then(() => {
      lost = true;
    });
    const reading = failure(() => gpu.read(buffer, 0, 1 << 20));
    await gpu.dispose();
    await gpu.dispose();
    expect((await reading).kind).toBe("disposed");
    expect((await failure(() => gpu.check())).kind).toBe("disposed");
    expect((await failure(() => gpu.read(buffer, 0, 4))).kind).toBe("disposed");
    expect((await failure(() => gpu.pipelines([]))).kind).toBe("disposed");
    expect(lost).toBe(false);
  });

  test("names leaked buffers in debug mode, and destroys them", async () => {
    const gpu = await openGpu({ debug: true });
    gpu.createBuffer(10, STORAGE, "forgotten");
    const error = await failure(() => gpu.dispose());
    expect(error.message).toMatch(/1 buffers \(12 bytes\).*"forgotten"/);
    expect(gpu.allocated).toEqual({ buffers: 0, bytes: 0 });
  });

  test("leaves a device that the caller brought as it is", async () => {
    const owner = await openGpu();
    const gpu = await openGpu({ device: owner.device });
    expect(gpu.adapter.kind).toBe(owner.adapter.kind);
    const buffer = gpu.createBuffer(16, STORAGE | COPY_SRC, "values");
    expect([...new Uint32Array(await gpu.read(buffer, 0, 16))]).toEqual([0, 0, 0, 0]);
    // An error of the caller's own is not ours to report.
    owner.device.createBuffer({ size: 16, usage: 0xffffff });
    await gpu.guard("node", () => owner.device.queue.onSubmittedWorkDone());
    gpu.check();
    await gpu.dispose();
    const [pipeline] = await owner
      .pipelines([{ label: "triple", code: TRIPLE }])
      .catch(() => owner.pipelines([{ label: "triple", code: TRIPLE }]));
    expect(pipeline).toBeDefined();
    await owner.dispose();
  });
});
