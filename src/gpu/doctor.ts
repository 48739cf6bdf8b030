// What works on this machine and, where nothing does, what to install. Data only: the commands print it.

import { AtrousError } from "../errors.ts";
import type { AdapterDescription } from "./adapter.ts";
import { adviceFor } from "./advice.ts";
import type { Gpu } from "./gpu.ts";
import { GpuTimer } from "./timing.ts";
import { BufferUsage } from "./usage.ts";

export interface SelfTest {
  readonly passed: boolean;
  /** What was checked, or what went wrong. */
  readonly message: string;
  /** Time of the kernel on the GPU; undefined without `timestamp-query`. */
  readonly kernelNanoseconds: number | undefined;
}

/** What `diagnose` found out about an adapter. */
export interface Diagnosis {
  /** Whether the self-test passed. */
  readonly ok: boolean;
  readonly adapter: AdapterDescription | undefined;
  /** Features of the device, sorted. */
  readonly features: readonly string[];
  /** Limits that matter to compute: bytes, counts or invocations. */
  readonly limits: Readonly<Record<string, number>>;
  /** From the call of `open` to the device. */
  readonly openMilliseconds: number;
  readonly selfTest: SelfTest;
  /** Sentences for the user; empty when there is nothing to improve. */
  readonly advice: readonly string[];
}

const SHOWN_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** Opens a GPU with `open`, tests it and disposes of it. `platform` chooses the advice. Never rejects. */
export async function diagnose(
  open: () => Promise<Gpu>,
  platform: string = globalThis.process?.platform ?? "browser",
): Promise<Diagnosis> {
  const started = performance.now();
  let gpu: Gpu;
  try {
    gpu = await open();
  } catch (error) {
    return {
      ok: false,
      adapter: undefined,
      features: [],
      limits: {},
      openMilliseconds: performance.now() - started,
      selfTest: { passed: false, message: messageOf(error), kernelNanoseconds: undefined },
      advice: [adviceFor(platform)],
    };
  }
  const openMilliseconds = performance.now() - started;
  const limits = Object.fromEntries(SHOWN_LIMITS.map((name) => [name, gpu.limits[name]]));
  let selfTest = await runSelfTest(gpu).catch(failed);
  // What goes wrong while closing is a finding too, but the first one counts.
  await gpu.dispose().catch((error: unknown) => {
    if (selfTest.passed) selfTest = failed(error);
  });
  const advice: string[] = [];
  if (!selfTest.passed) advice.push(`Update the graphics driver. ${adviceFor(platform)}`);
  else if (gpu.adapter.kind === "software")
    advice.push(`This is a software adapter: right, but slow. If this machine has a GPU: ${adviceFor(platform)}`);
  if (!gpu.features.has("timestamp-query")) advice.push("No timestamp-query: benchmarks cannot measure GPU time here.");
  return {
    ok: selfTest.passed,
    adapter: gpu.adapter,
    features: [...gpu.features].sort(),
    limits,
    openMilliseconds,
    selfTest,
    advice,
  };
}

function failed(error: unknown): SelfTest {
  return { passed: false, message: messageOf(error), kernelNanoseconds: undefined };
}

function messageOf(error: unknown): string {
  if (error instanceof AtrousError) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

const COUNT = 1000;

/**
 * Workgroup memory, a barrier, floats and a partial last workgroup: what every kernel here depends on.
 * output[i] = sum of input[j] for j of i's workgroup with j <= i, with input[j] = j / 4. One invocation per element.
 */
const SELF_TEST = `
@group(0) @binding(0) var<storage, read_write> output: array<f32>;
var<workgroup> tile: array<f32, 64>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  tile[lane] = f32(id.x) * 0.25;
  workgroupBarrier();
  var sum = 0.0;
  for (var k = 0u; k <= lane; k++) { sum += tile[k]; }
  if (id.x < ${COUNT}u) { output[id.x] = sum; }
}`;

async function runSelfTest(gpu: Gpu): Promise<SelfTest> {
  const { STORAGE, COPY_SRC, COPY_DST } = BufferUsage;
  const [pipeline] = await gpu.pipelines([{ label: "self-test", code: SELF_TEST }]);
  if (!pipeline) throw new Error("no pipeline");
  const buffer = gpu.createBuffer(COUNT * 4, STORAGE | COPY_SRC | COPY_DST, "self-test output");
  const timer = GpuTimer.create(gpu, 1);
  try {
    await gpu.guard("self-test", () => {
      // Poison: what the kernel leaves out must show.
      gpu.device.queue.writeBuffer(buffer, 0, new Float32Array(COUNT).fill(Number.NaN));
      const layout = pipeline.getBindGroupLayout(0);
      const bindGroup = gpu.device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer } }] });
      const encoder = gpu.device.createCommandEncoder({ label: "self-test" });
      const pass = encoder.beginComputePass(timer ? { timestampWrites: timer.pass("self-test") } : {});
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(Math.ceil(COUNT / 64));
      pass.end();
      timer?.resolve(encoder);
      gpu.device.queue.submit([encoder.finish()]);
    });
    const output = new Float32Array(await gpu.read(buffer, 0, COUNT * 4));
    const times = await timer?.read();
    const wrong = firstWrong(output);
    return {
      passed: wrong === undefined,
      message: wrong ?? `${COUNT} sums through workgroup memory are exact`,
      kernelNanoseconds: times?.[0]?.nanoseconds,
    };
  } finally {
    timer?.dispose();
    gpu.destroyBuffer(buffer);
  }
}

/** Every sum is a multiple of 1/4 below 2^22, so f32 holds it exactly in any order of addition. */
function firstWrong(output: Float32Array): string | undefined {
  let expected = 0;
  for (const [i, got] of output.entries()) {
    expected = i / 4 + (i % 64 === 0 ? 0 : expected);
    if (got !== expected) return `self-test: element ${i} is ${got}, expected ${expected}`;
  }
  return undefined;
}
