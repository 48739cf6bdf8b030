import { expect, test } from "vitest";
import { DeviceError } from "../../src/errors.ts";
import { diagnose } from "../../src/gpu/doctor.ts";
import { openGpu } from "../../src/gpu/node.ts";

test("reports adapter, limits and a passed self-test", async () => {
  const diagnosis = await diagnose(() => openGpu({ debug: true }));
  expect(diagnosis.selfTest.message).toBe("1000 sums through workgroup memory are exact");
  expect(diagnosis.ok).toBe(true);
  expect(diagnosis.selfTest.kernelNanoseconds).toBeGreaterThan(0);
  expect(diagnosis.adapter?.driver).not.toBe("");
  expect(diagnosis.features).toContain("timestamp-query");
  expect(diagnosis.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(2 ** 27);
  if (diagnosis.adapter?.kind === "software") expect(diagnosis.advice.join()).toMatch(/software adapter/);
});

test("finds a device that computes wrongly", async () => {
  const diagnosis = await diagnose(async () => {
    const gpu = await openGpu();
    const read = gpu.read.bind(gpu);
    gpu.read = async (...args) => {
      const bytes = await read(...args);
      if (bytes.byteLength === 4000) new Float32Array(bytes)[777]! += 0.25;
      return bytes;
    };
    return gpu;
  });
  expect(diagnosis.ok).toBe(false);
  expect(diagnosis.selfTest.message).toMatch(/element 777 is .*, expected/);
  expect(diagnosis.advice.join()).toMatch(/Update the graphics driver/);
});

test.each([
  ["linux", /mesa-vulkan-drivers/],
  ["darwin", /Metal/],
  ["win32", /Direct3D 12/],
  ["browser", /https/],
  ["aix", /no WebGPU for aix/],
] as const)("says on %s what to do when no adapter is found", async (platform, text) => {
  const diagnosis = await diagnose(() => Promise.reject(new DeviceError("no-adapter", "none")), platform);
  expect(diagnosis.ok).toBe(false);
  expect(diagnosis.adapter).toBeUndefined();
  expect(diagnosis.selfTest.message).toBe("none");
  expect(diagnosis.advice.join()).toMatch(text);
});

test("survives a device that is lost on the way", async () => {
  const diagnosis = await diagnose(async () => {
    const gpu = await openGpu();
    gpu.device.destroy();
    return gpu;
  });
  expect(diagnosis.ok).toBe(false);
  expect(diagnosis.selfTest.message).toMatch(/lost/);
});
