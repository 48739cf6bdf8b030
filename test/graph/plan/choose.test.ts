// Which kernel a node gets is said: by a choice, by the operator's preference, or because no other applies.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Storage } from "../../../shaders/wgsl/storage.ts";
import { createNode, type Value } from "../../../src/graph/ir/graph.ts";
import { choose } from "../../../src/graph/plan/choose.ts";
import { wholeCall } from "../../../src/graph/plan/lower.ts";
import type { DeviceTraits } from "../../../src/ops/device-traits.ts";
import type { Decomposition, Kernel, Operator } from "../../../src/ops/operator.ts";
import { fullEpilogue, inputSpec, isOperator, type OperatorCases } from "../../support/operator-cases.ts";

const limits = { maxWorkgroupsPerDimension: 65535, maxBufferBytes: 2 ** 27 };
const small = { maxWorkgroupInvocations: 256, maxWorkgroupStorageBytes: 16384 };
const large = { maxWorkgroupInvocations: 1024, maxWorkgroupStorageBytes: 32768 };
const devices: readonly DeviceTraits[] = [
  { kind: "hardware", ...limits, ...small },
  { kind: "hardware", ...limits, ...large, subgroupSize: 32 },
  { kind: "hardware", ...limits, ...small, maxWorkgroupInvocations: 128 },
  { kind: "hardware", ...limits, ...small, maxWorkgroupStorageBytes: 2048 },
  { kind: "hardware", ...limits, ...small, maxWorkgroupsPerDimension: 7 },
  { kind: "software", ...limits, ...small },
  { kind: "software", ...limits, ...large, subgroupSize: 8 },
  { kind: "software", ...limits, ...large, subgroupSize: 8, maxWorkgroupsPerDimension: 7 },
];

const bothStorages: readonly Storage[] = ["f32", "f16"];

/** What the files of a folder export, at the top. */
async function exportsOf(folder: string): Promise<unknown[]> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const modules = await Promise.all(files.map((name) => import(join(process.cwd(), folder, name))));
  return [...new Set(modules.flatMap((module: object) => Object.values(module)))];
}

function isSuite(value: unknown): value is OperatorCases {
  return typeof value === "object" && value !== null && "cases" in value && "operator" in value;
}

test("operators with more than one kernel have a preference", async () => {
  const operators = (await exportsOf("src/ops")).filter(isOperator);
  expect(operators.length).toBeGreaterThan(80);
  const silent = operators.filter(({ kernels, prefer }) => kernels.length > 1 && !prefer);
  expect(silent.map(({ name }) => name)).toEqual([]);
});

test("every case of every operator gets a kernel or a decomposition on every kind of device", async () => {
  const wrong = new Set<string>();
  for (const { operator, cases, storages = bothStorages } of (await exportsOf("test/cases")).filter(isSuite)) {
    for (const { why, inputs, given, epilogue } of cases) {
      for (const storage of storages) {
        const own = inputs.map(inputSpec).map(({ shape, dtype = "f32" }, i): Value => {
          const isStored = dtype === "f32" && !operator.fullInputs?.includes(i);
          const kind = operator.updates?.includes(i) ? "state" : "input";
          return { name: `x${i}`, kind, type: { shape, dtype: isStored ? storage : dtype } };
        });
        const bare = createNode(operator, own, operator.attributes(given), { name: why });
        const { type } = bare.outputs[0]!;
        const full = fullEpilogue(epilogue);
        const bias: Value = { name: "bias", kind: "parameter", type: { shape: [type.shape[1]!], dtype: "f32" } };
        const all = [...own, ...(full.bias ? [bias] : []), ...(full.residual ? [{ ...bias, type }] : [])];
        const node = createNode(operator, all, bare.attrs, { name: why, epilogue: full });
        for (const device of devices) {
          try {
            choose(node, wholeCall(node), device);
          } catch (error) {
            wrong.add(`${error}`);
          }
        }
      }
    }
  }
  expect([...wrong]).toEqual([]);
});

describe("choose", () => {
  const applies = () => true;
  const kernel = (name: string): Kernel => ({ name, applies, dispatches: () => [] });
  const split: Decomposition = { name: "blur/split", applies, build: ({ inputs }) => inputs[0] };
  const x: Value = { name: "x", kind: "input", type: { shape: [2, 3], dtype: "f32" } };
  const chosen = (record: Partial<Operator>, choice?: string) => {
    const blur: Operator = {
      name: "blur",
      attributes: () => ({}),
      shape: ([input]) => [input],
      cost: () => ({ flop: 0, bytes: 0 }),
      kernels: [kernel("blur/direct"), kernel("blur/tiled")],
      ...record,
    };
    const node = createNode(blur, [x], {}, { name: "soft" });
    return choose(node, wholeCall(node), devices[0]!, () => choice).name;
  };

  test("takes what is chosen, then what is preferred, then the only kernel that applies", () => {
    const prefer = () => "blur/direct";
    const decompositions = [split];
    expect(chosen({ prefer }, "blur/tiled")).toBe("blur/tiled");
    expect(chosen({ prefer, decompositions }, "blur/split")).toBe("blur/split");
    expect(chosen({ prefer })).toBe("blur/direct");
    expect(chosen({ prefer: () => "blur/split", decompositions })).toBe("blur/split");
    expect(chosen({ kernels: [kernel("blur/direct")], decompositions })).toBe("blur/direct");
  });

  test("never takes one of several by their order, nor one that does not apply", () => {
    const known = "expected one of what applies: blur/direct, blur/tiled";
    const silent = new Error(`node soft: blur: no kernel is preferred, ${known}`);
    expect(() => chosen({})).toThrow(silent);
    expect(() => chosen({ prefer: () => "blur/fast" })).toThrow(
      new Error(`node soft: blur: blur/fast does not apply, ${known}`),
    );
    expect(() => chosen({ kernels: [] })).toThrow("no kernel is preferred, expected one of what applies: nothing");
  });
});
