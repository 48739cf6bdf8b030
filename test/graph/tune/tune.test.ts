// Tuning: every candidate is checked before it is timed, a wrong one is never used, and a tuning repeats itself.
import { afterAll, beforeAll, expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph } from "../../../src/graph/ir/graph.ts";
import { wholeCall } from "../../../src/graph/plan/lower.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { type CandidateReport, tune } from "../../../src/graph/tune/tune.ts";
import { signature, type Tuning, tunedChoice } from "../../../src/graph/tune/tuning.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { deviceTraits } from "../../../src/ops/device-traits.ts";
import type { Operator } from "../../../src/ops/operator.ts";
import { maxPool2d } from "../../../src/ops/pool/max-pool.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { createRandom, uniform } from "../../support/random.ts";
import { randomParameter } from "../../support/random-graph.ts";

let gpu: Gpu;
let tuning: Tuning;
const reports: CandidateReport[] = [];

/** Two convolutions of one shape and one of another. */
function smallGraph(operator: Operator<object, object> = conv2d): Graph {
  const b = new GraphBuilder();
  const x = b.input("image", [1, 8, 12, 12]);
  const conv = (input: typeof x, name: string, channels: number) =>
    b.apply(operator, [input, b.parameter(`${name}.weight`, [channels, 8, 3, 3])], { padding: 1 }, { name });
  b.output("y", conv(conv(conv(x, "first", 8), "second", 8), "third", 4));
  return b.build();
}

const parameter = async (name: string) => randomParameter(name, name.startsWith("third") ? 4 * 72 : 8 * 72);
const image = { shape: [1, 8, 12, 12], data: uniform(1152, createRandom(7)) };

beforeAll(async () => {
  gpu = await openTestGpu();
  tuning = await tune(gpu, smallGraph(), { rounds: 1, onCandidate: (report) => reports.push(report) });
});
afterAll(() => gpu?.dispose());

test("measures each shape once, Winograd's parts among them, and agrees with the reference", () => {
  const nodes = [...new Set(reports.map(({ node }) => node))];
  expect(nodes).toContain("first");
  expect(nodes).not.toContain("second");
  expect(nodes).toContain("third");
  expect(nodes).toContain("first:products");
  expect(reports.filter(({ node }) => node === "first").map(({ candidate }) => candidate)).toEqual(
    expect.arrayContaining(["conv2d/direct", "conv2d/winograd2", "conv2d/winograd4"]),
  );
  for (const report of reports) expect(report, JSON.stringify(report)).toMatchObject({ verdict: "timed" });
  expect(Object.keys(tuning.entries).sort()).toEqual([...new Set(reports.map((report) => report.signature))].sort());
});

test("gives the kernels it says and the same bits twice", async () => {
  const misses: string[] = [];
  const results = [];
  for (let i = 0; i < 2; i++) {
    const compiled = await compile(gpu, smallGraph(), { parameter, tuning, onMiss: (node) => misses.push(node) });
    results.push((await compiled.run({ image })).y!.data);
    await compiled.dispose();
  }
  expect(misses).toEqual([]);
  expect(results[0]).toEqual(results[1]);
  const again: string[] = [];
  await tune(gpu, smallGraph(), { known: tuning, onCandidate: ({ candidate }) => again.push(candidate) });
  expect(again).toEqual([]);
});

test("measures nodes that read integers: the gradient of a pool", async () => {
  const b = new GraphBuilder();
  const x = b.input("image", [1, 2, 6, 8]);
  const y = b.apply(maxPool2d, [x], { kernel: 2 }, { name: "pool" });
  b.output("gx", b.gradients([{ value: y, gradient: b.input("gy", y.type.shape) }], [x])[0]!);
  const found: CandidateReport[] = [];
  await tune(gpu, b.build(), { rounds: 1, onCandidate: (report) => found.push(report) });
  expect(found.map(({ candidate, verdict }) => `${candidate} ${verdict}`)).toEqual([
    "maxPoolGradient/direct timed",
    "maxPoolGradient/quads timed",
  ]);
});

test("is refused on another adapter, and ignored where kernels have changed", () => {
  const device = deviceTraits(gpu);
  const adapter = gpu.adapter.driver;
  expect(() => tunedChoice({ ...tuning, adapter: "another" }, adapter)).toThrow(UsageError);
  const [node] = smallGraph().nodes;
  const call = wholeCall(node!);
  const key = signature(node!, call);
  const stale = { ...tuning.entries[key]!, sourceHash: "of other sources" };
  const changed = { ...tuning, entries: { ...tuning.entries, [key]: stale } };
  const missed: string[] = [];
  const choice = tunedChoice(changed, adapter, (name) => missed.push(name));
  expect(choice(node!, call, device)).toBeUndefined();
  expect(missed).toEqual(["first"]);
});

test("never uses a candidate that is wrong or that the GPU refuses", async () => {
  const [direct] = conv2d.kernels;
  const broken = (name: string, change: (code: string) => string) => ({
    ...direct!,
    name,
    dispatches: (...given: Parameters<NonNullable<typeof direct>["dispatches"]>) =>
      direct!.dispatches(...given).map((dispatch) => ({ ...dispatch, code: change(dispatch.code) })),
  });
  const kernels = [
    direct!,
    broken("conv2d/wrong", (code) => code.replace("var sum = 0.0;", "var sum = 0.001;")),
    broken("conv2d/refused", (code) => `${code}\nthis is no WGSL`),
  ];
  const { decompositions, prefer, ...rest } = conv2d;
  expect([decompositions, prefer]).not.toContain(undefined);
  const own: CandidateReport[] = [];
  const result = await tune(gpu, smallGraph({ ...rest, kernels }), { rounds: 1, onCandidate: (r) => own.push(r) });
  expect(own.filter(({ node }) => node === "first").map(({ verdict }) => verdict)).toEqual([
    "timed",
    "wrong",
    "failed",
  ]);
  expect(own.find(({ verdict }) => verdict === "failed")?.message).toContain("WGSL does not compile");
  for (const { choice } of Object.values(result.entries)) expect(choice).toBe("conv2d/direct");
});
