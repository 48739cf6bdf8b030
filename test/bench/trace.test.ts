import { expect, test } from "vitest";
import type { Peaks } from "../../bench/record.ts";
import { createTrace } from "../../bench/trace.ts";
import type { GraphProfile, NodeProfile } from "../../src/graph/run/profile.ts";

const peaks: Peaks = { fmaF32Gflops: 1000, fmaF16Gflops: null, copyGBs: 100, dispatchUs: 5 };

const conv: NodeProfile = {
  name: "layer1.0.conv1",
  operator: "conv2d",
  kernel: "conv2d/tiled-8x8",
  outputShape: [1, 8, 6, 4],
  cost: { flop: 4_000_000, bytes: 1000 },
  nanoseconds: [9000, 8000, 7000],
  medianNanoseconds: 8000,
  startNanoseconds: 0,
};
const pool: NodeProfile = {
  ...conv,
  name: "pool",
  operator: "maxPool2d",
  kernel: "maxPool2d/direct",
  cost: { flop: 0, bytes: 100_000 },
  nanoseconds: [2000, 3000, 4000],
  medianNanoseconds: 3000,
  startNanoseconds: 8500,
};

function profileOf(...nodes: NodeProfile[]): GraphProfile {
  return { nodes, rounds: 3, medianRound: 1, totalNanoseconds: 11_000 };
}

const options = { title: "ResNet-18 [1, 3, 32, 32]", track: "llvmpipe (software)" };

test("names process and track, and lays the median round out in microseconds", () => {
  const trace = createTrace(profileOf(conv, pool), peaks, options);
  // What a viewer reads is the text.
  expect(JSON.parse(JSON.stringify(trace))).toEqual({
    displayTimeUnit: "ns",
    traceEvents: [
      { ph: "M", name: "process_name", pid: 1, tid: 1, args: { name: "ResNet-18 [1, 3, 32, 32]" } },
      { ph: "M", name: "thread_name", pid: 1, tid: 1, args: { name: "GPU: llvmpipe (software)" } },
      {
        ph: "X",
        name: "layer1.0.conv1",
        cat: "conv2d",
        pid: 1,
        tid: 1,
        ts: 0,
        dur: 8,
        args: {
          operator: "conv2d",
          kernel: "conv2d/tiled-8x8",
          shape: "[1, 8, 6, 4]",
          "GFLOP/s": 500,
          "GB/s": 0.125,
          "% of roofline": 50,
          "bound by": "compute",
        },
      },
      {
        ph: "X",
        name: "pool",
        cat: "maxPool2d",
        pid: 1,
        tid: 1,
        ts: 8.5,
        dur: 3,
        args: {
          operator: "maxPool2d",
          kernel: "maxPool2d/direct",
          shape: "[1, 8, 6, 4]",
          "GFLOP/s": 0,
          "GB/s": 33.33,
          "% of roofline": 33.33,
          "bound by": "memory",
        },
      },
    ],
  });
});

test("holds no number that JSON cannot write", () => {
  const lost = { ...pool, name: "lost", nanoseconds: [2000, Number.NaN, 4000] };
  const instant = { ...pool, name: "instant", nanoseconds: [0, 0, 0] };
  const trace = createTrace(profileOf(conv, lost, instant), peaks, options);
  const events = trace.traceEvents.filter(({ ph }) => ph === "X");
  expect(events.map(({ name }) => name)).toEqual(["layer1.0.conv1", "instant"]);
  expect(events[1]).toMatchObject({ dur: 0, args: { operator: "maxPool2d", kernel: "maxPool2d/direct" } });
  expect(JSON.stringify(trace)).not.toContain("null");
});
