// Random calls of every operator, and of their gradients, under the limits of five kinds of GPU and two software drivers. Plans only: nothing is allocated.
// ATROUS_RANDOM_CALLS sets how many.
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph } from "../../../src/graph/ir/graph.ts";
import { decompose } from "../../../src/graph/passes/decompose.ts";
import { lower, type Step, wholeCall } from "../../../src/graph/plan/lower.ts";
import type { DeviceTraits } from "../../../src/ops/device-traits.ts";
import { byteLength, formatShape, type TensorType } from "../../../src/tensor.ts";
import { deviceTable } from "../../support/device-table.ts";
import { createRandom } from "../../support/random.ts";
import { calledOperators, type RandomCall, randomCall } from "../../support/random-call.ts";

const calls = Number(process.env.ATROUS_RANDOM_CALLS ?? 5000);
const seed = Number(process.env.ATROUS_RANDOM_SEED ?? 1);

/** The call alone, or with the gradients of all its float inputs. */
function graphOf({ operator, inputs, given }: RandomCall, withGradients: boolean): Graph {
  const b = new GraphBuilder();
  const values = inputs.map(({ shape, dtype }, i) => b.input(`x${i}`, shape, dtype));
  const [y] = b.applyAll(operator, values, given, { name: "call" });
  b.output("y", y!);
  const floats = values.filter(({ type }) => type.dtype === "f32");
  if (!withGradients || !operator.gradient || y!.type.dtype !== "f32" || floats.length === 0) return b.build();
  const gradients = b.gradients([{ value: y!, gradient: b.input("gy", y!.type.shape) }], floats);
  for (const [i, gradient] of gradients.entries()) if (gradient) b.output(`g${i}`, gradient);
  return b.build();
}

/** Bytes of `var<workgroup>` in a shader. */
function workgroupBytes(code: string): number {
  const bytes: Readonly<Record<string, number>> = {
    f32: 4,
    u32: 4,
    i32: 4,
    f16: 2,
    vec2f: 8,
    vec3f: 16,
    vec4f: 16,
    vec2u: 8,
    vec2i: 8,
    vec4h: 8,
    vec4u: 16,
  };
  const variables = [...code.matchAll(/var<workgroup> \w+: (?:array<)?(\w+)(?:, (\d+)>)?;/g)];
  expect(variables.length, "variables that are understood").toBe(code.split("var<workgroup>").length - 1);
  return variables.reduce((sum, [text, type, count = "1"]) => {
    const each = bytes[type!];
    if (each === undefined) throw new Error(`no size is known for ${text}`);
    return sum + each * Number(count);
  }, 0);
}

/** What a step asks of a device that it does not have. */
function* faults({ node, kernel, operands }: Step, device: DeviceTraits): Generator<string> {
  const tooLarge = [...operands, ...node.outputs].find(({ type }) => byteLength(type) > device.maxBufferBytes);
  if (tooLarge) yield `${kernel.name}: ${tooLarge.name} ${formatShape(tooLarge.type.shape)} exceeds a binding`;
  for (const { code, workgroups } of kernel.dispatches(wholeCall(node), device)) {
    const fits = (count: number) => Number.isInteger(count) && count >= 1 && count <= device.maxWorkgroupsPerDimension;
    if (!workgroups.every(fits)) yield `${kernel.name}: grid ${formatShape(workgroups)}`;
    const size = /@workgroup_size\(([^)]*)\)/.exec(code)![1]!.split(",").map(Number);
    const invocations = size.reduce((product, count) => product * count, 1);
    if (!(invocations <= device.maxWorkgroupInvocations) || (size[2] ?? 1) > 64)
      yield `${kernel.name}: workgroup ${size}`;
    const bytes = workgroupBytes(code);
    if (bytes > device.maxWorkgroupStorageBytes) yield `${kernel.name}: ${bytes} bytes of workgroup memory`;
  }
}

function text({ operator, inputs, given }: RandomCall): string {
  const shapes = inputs.map(({ shape }: TensorType) => formatShape(shape)).join(" ");
  return `${operator.name} ${shapes} ${JSON.stringify(given)}`;
}

test(`${calls} random calls get kernels whose dispatches every device takes`, () => {
  const wrong = new Map<string, string>();
  const tried = new Map<string, number>();
  for (let i = 0; i < calls; i++) {
    const operator = calledOperators[i % calledOperators.length]!;
    const random = createRandom(seed * 1_000_003 + i);
    const call = randomCall(operator, random);
    const graph = graphOf(call, random() < 0.5);
    const largest = Math.max(
      ...[...graph.inputs, ...graph.nodes.flatMap(({ outputs }) => outputs)].map(({ type }) => byteLength(type)),
    );
    for (const [name, device] of Object.entries(deviceTable)) {
      // What no device could hold in one piece, its own error says.
      if (largest > device.maxBufferBytes) continue;
      tried.set(operator.name, (tried.get(operator.name) ?? 0) + 1);
      try {
        const { once, run } = lower(decompose(graph, device), device);
        for (const step of [...once.steps, ...run.steps]) {
          for (const fault of faults(step, device))
            wrong.set(fault.replace(/\d+/g, "#"), `${fault} on ${name}: ${text(call)}`);
        }
      } catch (error) {
        wrong.set(`${error}`.replace(/\d+/g, "#"), `${error} on ${name}: ${text(call)}`);
      }
    }
  }
  expect([...wrong.values()]).toEqual([]);
  const rounds = Math.floor(calls / calledOperators.length);
  for (const { name } of calledOperators) expect(tried.get(name), name).toBeGreaterThan(2 * rounds);
}, 600_000);
