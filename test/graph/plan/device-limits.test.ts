// Calls that are larger than a grid along an axis get kernels whose dispatches the device takes. Plans only: nothing is allocated.
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { decompose } from "../../../src/graph/passes/decompose.ts";
import { createCall, lower } from "../../../src/graph/plan/lower.ts";
import { defaultTraits } from "../../../src/models/inspect.ts";
import type { DeviceTraits, Operator } from "../../../src/ops/index.ts";
import * as ops from "../../../src/ops/index.ts";
import { wholeView } from "../../../src/ops/view.ts";
import type { Shape } from "../../../src/tensor.ts";

const large = { maxWorkgroupInvocations: 1024, maxWorkgroupStorageBytes: 32768 };
const devices: readonly DeviceTraits[] = [
  defaultTraits,
  { ...defaultTraits, ...large, subgroupSize: 32 },
  { ...defaultTraits, ...large, kind: "software" },
  { ...defaultTraits, ...large, kind: "software", subgroupSize: 8 },
];

type Row = readonly [operator: Operator<object, never>, given: object, x: Shape, weight: Shape];

const rows: readonly Row[] = [
  [ops.conv2d, { padding: 1 }, [1, 1, 2048, 1024], [16, 1, 3, 3]],
  [ops.conv2d, { stride: 2 }, [1, 1, 4096, 2048], [16, 1, 1, 1]],
  [ops.conv2d, { padding: 1 }, [70_000, 1, 4, 4], [4, 1, 3, 3]],
  [ops.conv2d, {}, [70_000, 16, 4, 4], [32, 16, 1, 1]],
  [ops.conv2d, { padding: 1 }, [70_000, 16, 4, 4], [16, 16, 3, 3]],
  [ops.conv2d, { padding: [0, 5] }, [70_000, 2, 1, 20], [2, 2, 1, 11]],
  [ops.conv2d, { padding: 1, groups: 70_000 }, [1, 70_000, 4, 4], [70_000, 1, 3, 3]],
  [ops.conv2d, { padding: 1, groups: 4 }, [70_000, 4, 4, 4], [4, 1, 3, 3]],
  [ops.conv2d, { padding: [0, 5] }, [1, 2, 1, 20], [70_000, 2, 1, 11]],
  [ops.conv2d, { padding: [0, 5] }, [1, 2, 600_000, 3], [2, 2, 1, 11]],
  [ops.conv2d, { padding: 3 }, [1, 1, 8192, 4096], [1, 1, 7, 7]],
  [ops.convTranspose2d, { stride: 2 }, [70_000, 8, 2, 2], [8, 4, 2, 2]],
  [ops.convTranspose2d, { stride: 2 }, [1, 8, 2048, 2048], [8, 1, 2, 2]],
  [ops.convTranspose2d, { stride: 2, dilation: 2 }, [70_000, 2, 2, 2], [2, 2, 3, 3]],
  [ops.conv3d, { padding: 1 }, [70_000, 1, 2, 2, 2], [2, 1, 3, 3, 3]],
  [ops.convTranspose3d, { stride: 2 }, [70_000, 2, 2, 2, 2], [2, 2, 2, 2, 2]],
];

describe("dispatches stay within the device's grid", () => {
  const named = rows.map((row) => [`${row[0].name} ${JSON.stringify(row.slice(1))}`, ...row] as const);
  test.each(named)("%s", (_, operator, given, x, weight) => {
    const b = new GraphBuilder();
    b.output("y", b.apply(operator as Operator, [b.input("x", x), b.input("w", weight)], given));
    for (const device of devices) {
      const { once, run } = lower(decompose(b.build(), device), device);
      for (const { node, kernel } of [...once.steps, ...run.steps]) {
        const call = createCall(node, ({ type }) => wholeView(type));
        for (const { workgroups } of kernel.dispatches(call, device)) {
          const most = Math.max(...workgroups);
          expect(most, `${kernel.name} on ${device.kind}`).toBeLessThanOrEqual(device.maxWorkgroupsPerDimension);
          expect(Math.min(...workgroups)).toBeGreaterThanOrEqual(1);
        }
      }
    }
  });
});
