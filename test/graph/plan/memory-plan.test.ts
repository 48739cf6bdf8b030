// Executes memory plans on imaginary memory: every word holds the name of the element that was written to it, and every
// step checks that what it reads is still there. Two live values that share a word cannot pass.
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph, Value } from "../../../src/graph/ir/graph.ts";
import { optimize } from "../../../src/graph/passes/optimize.ts";
import type { Position } from "../../../src/graph/plan/assign-slots.ts";
import { lower, type Program, wholeCall } from "../../../src/graph/plan/lower.ts";
import { type MemoryPlan, planMemory } from "../../../src/graph/plan/memory-plan.ts";
import { resnet18 } from "../../../src/models/encoders/resnet.ts";
import { defaultTraits, inspectGraph } from "../../../src/models/inspect.ts";
import { type MsffResNet18Options, msffResNet18 } from "../../../src/models/networks/msff-resnet18.ts";
import { networks } from "../../../src/models/registry.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import type { DeviceTraits } from "../../../src/ops/device-traits.ts";
import { add } from "../../../src/ops/elementwise/arithmetic.ts";
import { concat } from "../../../src/ops/move/concat.ts";
import { byteLength, elementCount } from "../../../src/tensor.ts";
import { allSuites } from "../../support/all-suites.ts";
import { caseGraph } from "../../support/case-graph.ts";
import { randomGraph } from "../../support/random-graph.ts";

const traits: DeviceTraits = {
  kind: "software",
  maxWorkgroupInvocations: 256,
  maxWorkgroupStorageBytes: 16384,
  maxWorkgroupsPerDimension: 65535,
  maxBufferBytes: 2 ** 27,
};

function programOf(graph: Graph): Program {
  return lower(optimize(graph), traits).run;
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
function execute({ steps, inputs, outputs }: Program, memory: MemoryPlan): void {
  const names = new Map<Value, string[]>();
  const slots = memory.slots.map((bytes) => new Array<string>(bytes / 4).fill("nothing"));
  const blockOf = (value: Value) => memory.blocks.get(memory.places.get(value)?.owner ?? value);
  for (const [value, { start, bytes }] of memory.places) {
    const { slot, offset } = blockOf(value)!;
    if ((offset + start) % 256 !== 0) throw new Error(`a binding would begin at byte ${offset + start}`);
    if (offset + start + bytes > memory.slots[slot]!) throw new Error("a binding would end outside");
  }
  const each = (value: Value, visit: (slot: string[], word: number, name: string) => void) => {
    const { start, bytes, view } = memory.places.get(value)!;
    const { slot, offset } = blockOf(value)!;
    const inner = elementCount(value.type.shape.slice(1));
    elementNames(value, names).forEach((name, i) => {
      const word = view.offset + Math.floor(i / inner) * view.batchStride + (i % inner);
      if (word * 4 >= bytes) throw new Error(`${value.name} lies outside of its binding`);
      visit(slots[slot]!, (offset + start) / 4 + word, name);
    });
  };
  const write = (value: Value) => {
    each(value, (slot, word, name) => {
      slot[word] = name;
    });
  };
  const read = (value: Value, reader: string) => {
    if (!memory.places.has(value)) return;
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
    const written = new Set(step.node.outputs.map((value) => blockOf(value)!.slot));
    step.operands.forEach((value, i) => {
      const slot = blockOf(value)?.slot;
      if (slot === undefined || placed?.has(i)) return;
      if (written.has(slot)) throw new Error(`${name} (${operator.name}) reads and writes slot ${slot}`);
    });
    step.node.outputs.forEach(write);
  }
  for (const output of outputs) {
    if (!memory.places.has(output)) throw new Error(`output ${output.name} has no place`);
    read(output, "the caller");
  }
}

test("no step of 300 random graphs finds anything but its operands", () => {
  const counts = { concatenated: 0, overwritten: 0, aliased: 0, beside: 0 };
  for (let seed = 0; seed < 300; seed++) {
    const graph = randomGraph(seed, 4 + (seed % 28));
    const program = programOf(graph);
    // The second half may not put more than this into a slot; one value alone may need more.
    const maxSlotBytes = seed < 150 ? Number.POSITIVE_INFINITY : 6000;
    const memory = planMemory(program, { maxSlotBytes, copyFromBytes: seed % 2 === 0 ? 0 : 2 ** 20 });
    expect(() => execute(program, memory), `seed ${seed}`).not.toThrow();
    expect(memory.peakBytes, `seed ${seed}`).toBeGreaterThanOrEqual(memory.lowerBoundBytes);
    const largest = Math.max(...[...memory.blocks.values()].map(({ bytes }) => bytes));
    expect(Math.max(...memory.slots), `seed ${seed}`).toBeLessThanOrEqual(Math.max(maxSlotBytes, largest));
    for (const [step, placed] of memory.inPlace) {
      counts[step.node.operator.regions ? "concatenated" : "overwritten"] += placed.size;
    }
    counts.aliased += [...memory.elided].filter((step) => step.node.operator.alias).length;
    counts.beside += [...memory.places.values()].filter(({ owner }) => memory.blocks.get(owner)!.offset > 0).length;
  }
  expect(counts.concatenated, "concatenated values written in place").toBeGreaterThan(100);
  expect(counts.overwritten, "residuals overwritten").toBeGreaterThan(5);
  expect(counts.aliased, "reshapes without a copy").toBeGreaterThan(100);
  expect(counts.beside, "values behind others in their slot").toBeGreaterThan(100);
});

/** A plan with each block moved by `move`. */
function moved(memory: MemoryPlan, move: (position: Position) => Partial<Position>, slots = memory.slots): MemoryPlan {
  const blocks = [...memory.blocks].map(([owner, block]) => [owner, { ...block, ...move(block) }] as const);
  return { ...memory, blocks: new Map(blocks), slots };
}

test("the checker sees live values that share bytes, and a buffer that is read and written", () => {
  const graph = randomGraph(24, 20);
  const program = programOf(graph);
  const memory = planMemory(program);
  const whole = memory.slots.reduce((sum, bytes) => sum + bytes, 0);
  const squeezed = moved(memory, () => ({ slot: 0, offset: 0 }), [Math.max(...memory.slots)]);
  expect(() => execute(program, squeezed)).toThrow(/finds|reads and writes/);
  const starts = memory.slots.map((_, i) => memory.slots.slice(0, i).reduce((sum, bytes) => sum + bytes, 0));
  const arena = moved(memory, ({ slot, offset }) => ({ slot: 0, offset: 256 * (starts[slot]! + offset) }), [
    256 * whole,
  ]);
  expect(() => execute(program, arena)).toThrow("reads and writes slot 0");
  const unaligned = moved(memory, ({ offset }) => ({ offset: offset + 4 }));
  expect(() => execute(program, unaligned)).toThrow("begin at byte");
});

test("memory of values that do not meet is shared", () => {
  const graph = randomGraph(11, 30);
  const program = programOf(graph);
  const memory = planMemory(program);
  const all = program.steps
    .flatMap((step) => step.node.outputs)
    .reduce((sum, value) => sum + byteLength(value.type), 0);
  expect(memory.peakBytes).toBeLessThan(all / 2);
});

function msff(
  shape: readonly [items: number, height: number, width: number],
  given: Partial<MsffResNet18Options>,
): Graph {
  const b = new GraphBuilder();
  const options = msffResNet18.options(given, "test");
  const [items, height, width] = shape;
  const image = b.input("image", [items, options.inChannels, height, width]);
  b.output("logits", msffResNet18.build(b, image, options).logits);
  return b.build();
}

function encoder(items: number, size: number, width = 1): Graph {
  const b = new GraphBuilder();
  b.output("features", resnet18(b, b.input("image", [items, 3, size, size]), width).layer4);
  return b.build();
}

const variants: readonly Partial<MsffResNet18Options>[] = [
  {},
  { msff: false },
  { width: 1 / 4 },
  { width: 1 / 4, msff: false },
  { pools: [2] },
  { pools: [2, 3, 4], rates: [1, 2, 3, 4] },
  { classes: 20, inChannels: 1 },
];

test("every network needs at most 10 % more than its live values", () => {
  const reports: string[] = [];
  const check = (name: string, graph: Graph) => {
    const { activationBytes, lowerBoundBytes } = inspectGraph(graph).memory;
    if (activationBytes > 1.1 * lowerBoundBytes)
      reports.push(`${name}: ${activationBytes} of ${lowerBoundBytes} bytes`);
  };
  for (const size of [128, 256, 512, 1024]) {
    for (const items of [1, 4]) {
      for (const options of variants) {
        // The bottleneck of the smallest image is as large as a pool of four.
        const fits = size > 128 || options.msff === false || options.pools;
        const given = fits ? options : { ...options, pools: [2, 3, 4] };
        check(`msff-resnet18 ${items}x${size} ${JSON.stringify(given)}`, msff([items, size, size], given));
      }
    }
  }
  check("msff-resnet18 1x384x640", msff([1, 384, 640], {}));
  check("resnet18 1x224", encoder(1, 224));
  check("resnet18 16x224", encoder(16, 224));
  expect(reports).toEqual([]);
});

test("no step of a network finds anything but its operands", () => {
  const plans = [msff([2, 96, 96], { width: 1 / 32, pools: [2, 3] }), encoder(2, 64, 1 / 16)].map((graph) => {
    const program = programOf(graph);
    const memory = planMemory(program);
    execute(program, memory);
    return memory;
  });
  const overwritten = [...plans[1]!.inPlace.keys()].filter((step) => step.node.epilogue.residual);
  expect(overwritten.length, "residuals that the encoder overwrites").toBe(8);
});

test("kernels bind each output to be written, never to be read: so those of a step may share a buffer", async () => {
  const device: DeviceTraits = { ...defaultTraits, maxWorkgroupInvocations: 1024, maxWorkgroupStorageBytes: 32768 };
  let several = 0;
  for (const { operator, cases } of await allSuites()) {
    for (const call of cases.map((entry) => wholeCall(caseGraph(operator, entry).nodes[0]!))) {
      if (call.outputs.length > 1) several++;
      for (const kernel of operator.kernels.filter((one) => one.applies(call, device))) {
        for (const { code, bindings } of kernel.dispatches(call, device)) {
          for (const [n, binding] of bindings.entries()) {
            if (!("output" in binding)) continue;
            expect(code, kernel.name).toContain(`@group(0) @binding(${n}) var<storage, read_write>`);
          }
        }
      }
    }
  }
  expect(several, "calls of several outputs").toBeGreaterThan(20);
});

test("the bound counts live values", () => {
  const bound = (join: boolean) => {
    const b = new GraphBuilder();
    const kernel = (name: string, out: number) => b.parameter(name, [out, 4, 1, 1]);
    const x = b.apply(conv2d, [b.input("image", [1, 4, 8, 8]), kernel("a", 4)], {}, { name: "x" });
    const y = b.apply(conv2d, [x, kernel("b", 4)], {}, { name: "y" });
    const sum = b.apply(add, [b.apply(conv2d, [y, kernel("c", 4)], {}, { name: "c" }), x], {}, { name: "sum" });
    const z = b.apply(conv2d, [sum, kernel("d", 2)], {}, { name: "z" });
    b.output("z", join ? b.apply(concat, [sum, z], {}, { name: "joined" }) : z);
    return planMemory(programOf(b.build())).lowerBoundBytes;
  };
  const image = 4 * 8 * 8 * 4;
  expect(bound(false), "the sum is written over x, beside y").toBe(2 * image);
  expect(bound(true), "the sum is written where z joins it, beside x and y").toBe(3 * image);
});

test.each(["attention-unet", "lumnet", "anu-net", "unet-plus-plus", "segnet", "unet"])(
  "%s at full width needs at most a tenth more than what is live",
  (name) => {
    const network = networks.find((one) => one.name === name)!;
    const options = network.options({}, name);
    const b = new GraphBuilder();
    const { logits } = network.build(b, b.input("image", [1, options.inChannels, 256, 256]), options);
    b.output("logits", logits);
    const { activationBytes, lowerBoundBytes } = inspectGraph(b.build()).memory;
    expect(activationBytes).toBeLessThanOrEqual(1.1 * lowerBoundBytes);
  },
);
