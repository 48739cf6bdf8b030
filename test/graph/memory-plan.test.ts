// Executes memory plans on imaginary memory: every word holds the name of the element that was written to it, and every
// step checks that what it reads is still there. Two live values that share a word cannot pass.
import { expect, test } from "vitest";
import { optimize } from "../../src/graph/assemble.ts";
import type { Graph, Value } from "../../src/graph/graph.ts";
import { lower, type Step } from "../../src/graph/lower.ts";
import { type MemoryPlan, planMemory } from "../../src/graph/memory-plan.ts";
import type { DeviceTraits } from "../../src/ops/operator.ts";
import { byteLength, elementCount } from "../../src/tensor.ts";
import { randomGraph } from "../support/random-graph.ts";

const traits: DeviceTraits = {
  kind: "software",
  maxWorkgroupInvocations: 256,
  maxWorkgroupStorageBytes: 16384,
  maxWorkgroupsPerDimension: 65535,
  maxBufferBytes: 2 ** 27,
};

function plan(graph: Graph) {
  const optimized = optimize(graph);
  const { run } = lower(optimized, traits);
  return { run, outputs: [...optimized.outputs.values()] };
}

/** Names of a value's elements; a concatenation's and a reshape's elements are those of their inputs. */
function elementNames(value: Value, known: Map<Value, string[]>): string[] {
  const cached = known.get(value);
  if (cached) return cached;
  const names = computeNames(value, known);
  known.set(value, names);
  return names;
}

function computeNames(value: Value, known: Map<Value, string[]>): string[] {
  const node = value.producer;
  const count = elementCount(value.type.shape);
  if (node?.operator.alias) return elementNames(node.inputs[0]!, known);
  if (!node?.operator.regions) return Array.from({ length: count }, (_, i) => `${value.name}[${i}]`);
  const items = value.type.shape[0]!;
  const names: string[] = [];
  for (let n = 0; n < items; n++) {
    for (const input of node.inputs) {
      const inner = elementCount(input.type.shape) / items;
      names.push(...elementNames(input, known).slice(n * inner, (n + 1) * inner));
    }
  }
  return names;
}

/** Throws Error where a step would read anything but what its operand holds, or read a buffer that it writes. */
function execute(
  steps: readonly Step[],
  inputs: readonly Value[],
  outputs: readonly Value[],
  memory: MemoryPlan,
): void {
  const names = new Map<Value, string[]>();
  const slots = memory.slots.map((bytes) => new Array<string>(bytes / 4).fill("nothing"));
  const each = (value: Value, visit: (slot: string[], word: number, name: string) => void) => {
    const { storage, view } = memory.placements.get(value)!;
    const inner = elementCount(value.type.shape.slice(1));
    elementNames(value, names).forEach((name, i) => {
      const word = view.offset + Math.floor(i / inner) * view.batchStride + (i % inner);
      if (word >= slots[storage.slot]!.length) throw new Error(`${value.name} lies outside of its slot`);
      visit(slots[storage.slot]!, word, name);
    });
  };
  const write = (value: Value) => {
    each(value, (slot, word, name) => {
      slot[word] = name;
    });
  };
  const read = (value: Value, reader: string) => {
    if (!memory.placements.has(value)) return;
    each(value, (slot, word, name) => {
      if (slot[word] !== name) throw new Error(`${reader} reads ${name} and finds ${slot[word]}`);
    });
  };
  inputs.forEach(write);
  for (const step of steps) {
    const { name, operator } = step.node;
    const placed = memory.inPlace.get(step);
    for (const operand of step.operands) read(operand, name);
    if (memory.elided.has(step)) continue;
    const written = new Set(step.node.outputs.map((value) => memory.placements.get(value)!.storage.slot));
    step.operands.forEach((value, i) => {
      const slot = memory.placements.get(value)?.storage.slot;
      if (slot === undefined || placed?.has(i)) return;
      if (written.has(slot)) throw new Error(`${name} (${operator.name}) reads and writes slot ${slot}`);
    });
    step.node.outputs.forEach(write);
  }
  for (const output of outputs) {
    if (!memory.placements.has(output)) throw new Error(`output ${output.name} has no place`);
    read(output, "the caller");
  }
}

test("no step of 300 random graphs finds anything but its operands", () => {
  let inPlace = 0;
  let aliased = 0;
  for (let seed = 0; seed < 300; seed++) {
    const graph = randomGraph(seed, 4 + (seed % 28));
    const { run, outputs } = plan(graph);
    const memory = planMemory(run, graph.inputs, outputs);
    expect(() => execute(run, graph.inputs, outputs, memory), `seed ${seed}`).not.toThrow();
    expect(memory.peakBytes, `seed ${seed}`).toBeGreaterThanOrEqual(memory.lowerBoundBytes);
    for (const placed of memory.inPlace.values()) inPlace += placed.size;
    aliased += [...memory.elided].filter((step) => step.node.operator.alias).length;
  }
  expect(inPlace, "concatenated values written in place").toBeGreaterThan(100);
  expect(aliased, "reshapes without a copy").toBeGreaterThan(100);
});

test("the checker sees two live values in one slot", () => {
  for (let seed = 0; ; seed++) {
    const graph = randomGraph(seed, 20);
    const { run, outputs } = plan(graph);
    const memory = planMemory(run, graph.inputs, outputs);
    if (memory.slots.length < 3) continue;
    const squeezed = new Map(
      [...memory.placements].map(([value, { storage, view }]) => [value, { view, storage: { ...storage, slot: 0 } }]),
    );
    const broken = { ...memory, placements: squeezed, slots: [Math.max(...memory.slots)] };
    expect(() => execute(run, graph.inputs, outputs, broken)).toThrow(/finds|reads and writes/);
    return;
  }
});

test("memory of values that do not meet is shared", () => {
  const graph = randomGraph(11, 30);
  const { run, outputs } = plan(graph);
  const memory = planMemory(run, graph.inputs, outputs);
  const all = run.flatMap((step) => step.node.outputs).reduce((sum, value) => sum + byteLength(value.type), 0);
  expect(memory.peakBytes).toBeLessThan(all / 2);
});
