// What an operator prefers applies, on each kind of device and on those with tight limits.
import { expect, test } from "vitest";
import type { DeviceTraits } from "../../src/ops/device-traits.ts";
import { conv2dCases } from "../cases/conv/conv2d.ts";
import { conv3dCases } from "../cases/conv/conv3d.ts";
import { convTranspose2dCases } from "../cases/conv/transpose2d.ts";
import { convTranspose3dCases } from "../cases/conv/transpose3d.ts";
import { convWeightGradientCases } from "../cases/conv/weight-gradient.ts";
import { gemmCases, linearCases, matmulCases } from "../cases/matrix/matmul.ts";
import { adaptiveAveragePool2dCases } from "../cases/pool/adaptive-average-pool.ts";
import { adaptiveAveragePool3dCases } from "../cases/pool/adaptive-average-pool3d.ts";
import { maxPoolGradientCases } from "../cases/pool/max-pool-gradient.ts";
import { prepareCase } from "../support/check-operator.ts";
import type { OperatorCases } from "../support/operator-cases.ts";

const limits = {
  maxWorkgroupInvocations: 256,
  maxWorkgroupStorageBytes: 16384,
  maxWorkgroupsPerDimension: 65535,
  maxBufferBytes: 2 ** 27,
};
const devices: Readonly<Record<string, DeviceTraits>> = {
  hardware: { ...limits, kind: "hardware" },
  "hardware with small workgroups": { ...limits, kind: "hardware", maxWorkgroupInvocations: 128 },
  "hardware with little workgroup memory": { ...limits, kind: "hardware", maxWorkgroupStorageBytes: 2048 },
  "hardware with a short grid": { ...limits, kind: "hardware", maxWorkgroupsPerDimension: 7 },
  software: { ...limits, kind: "software" },
  "software with subgroups of 8": { ...limits, kind: "software", subgroupSize: 8 },
  "software with a short grid": { ...limits, kind: "software", subgroupSize: 8, maxWorkgroupsPerDimension: 7 },
};

const suites: readonly OperatorCases[] = [
  conv2dCases,
  conv3dCases,
  convTranspose2dCases,
  convTranspose3dCases,
  convWeightGradientCases,
  gemmCases,
  linearCases,
  matmulCases,
  adaptiveAveragePool2dCases,
  adaptiveAveragePool3dCases,
  maxPoolGradientCases,
];

for (const suite of suites) {
  const { operator } = suite;
  test(`${operator.name} prefers what applies`, () => {
    for (const entry of suite.cases) {
      const call = prepareCase(suite, entry).call(operator.kernels[0]!, "whole");
      for (const [name, device] of Object.entries(devices)) {
        const candidates = [...operator.kernels, ...(operator.decompositions ?? [])];
        const applicable = candidates.filter((candidate) => candidate.applies(call, device));
        expect(
          applicable.map((candidate) => candidate.name),
          `${entry.why}, ${name}`,
        ).toContain(operator.prefer?.(call, device));
      }
    }
  });
}
