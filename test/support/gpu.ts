// The device that a test file owns. ATROUS_TEST_ADAPTER chooses another adapter than the default.
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openGpu } from "../../src/gpu/node.ts";

export function openTestGpu(): Promise<Gpu> {
  return openGpu({ adapter: process.env.ATROUS_TEST_ADAPTER ?? "auto", debug: true });
}
