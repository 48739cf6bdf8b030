// What every pass must keep: a graph that is in order, and that computes what it computed before.
import { expect } from "vitest";
import { checkStates, type Graph, type Node, prune, type Value } from "../../src/graph/ir/graph.ts";
import { elementCount } from "../../src/tensor.ts";
import { type Interpretation, interpret } from "./interpret.ts";
import { type Layer, randomGraph, randomParameter } from "./random-graph.ts";
import { passLayers } from "./random-layers.ts";

/** Numbers in float64 differ by the order of sums alone. */
const exact = 1e-11;

export interface SameOptions {
  /** The largest relative L2 difference. */
  readonly tolerance?: number;
  /** The numbers of inputs, parameters and first states. Default: seeded by their names. */
  readonly give?: (value: Value) => Float64Array;
}

/**
 * The graph that a pass made of another is in order, and has the same outputs, of the same names, types and numbers, and
 * leaves the same in its states.
 */
export function expectSame(
  before: Graph,
  after: Graph,
  { tolerance = exact, give = numbersOf }: SameOptions = {},
): void {
  expectInOrder(after);
  expect(after.inputs).toEqual(before.inputs);
  expect([...after.outputs.keys()]).toEqual([...before.outputs.keys()]);
  for (const [name, { type }] of before.outputs) expect(after.outputs.get(name)!.type, name).toEqual(type);
  const [expected, got] = [interpret(before, give), interpret(after, give)];
  for (const key of ["outputs", "states"] as const) compareAll(key, got[key], expected[key], tolerance);
}

/** Seeded numbers by name, of labels too. */
export function numbersOf({ name, type: { shape, dtype } }: Value): Float64Array {
  const data = Float64Array.from(randomParameter(name, elementCount(shape)));
  return dtype === "i32" || dtype === "u32" ? data.map((value) => Math.floor(2 * (value + 0.5))) : data;
}

function compareAll(
  what: string,
  got: Interpretation["outputs"],
  expected: Interpretation["outputs"],
  tolerance: number,
): void {
  for (const [name, want] of expected) {
    const found = got.get(name);
    // Nobody reads a state that is not there.
    if (!found && what === "states") continue;
    const size = norm(want.filter(Number.isFinite)) || 1;
    const off = norm(want.map((value, i) => (Object.is(value, found![i]) ? 0 : value - found![i]!))) / size;
    expect(off, `${what}: ${name}`).toBeLessThanOrEqual(tolerance);
  }
}

function norm(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

/** Nodes read only what stands before them, no name of every run is there twice, nothing is dead, and no state is read after its update. */
export function expectInOrder(graph: Graph): void {
  const known = new Set<Value>([...graph.inputs, ...graph.parameters]);
  const isThere = (value: Value) => known.has(value) || value.kind === "constant" || value.kind === "state";
  for (const node of graph.nodes) {
    for (const input of node.inputs) expect(isThere(input), `${node.name} reads ${input.name}`).toBe(true);
    for (const output of node.outputs) known.add(output);
  }
  for (const [name, value] of graph.outputs) expect(isThere(value), `output ${name}`).toBe(true);
  const names = runningNodes(graph).map(({ name }) => name);
  expect(names, "names of every run are there once").toEqual([...new Set(names)]);
  const pruned = prune(graph);
  expect(pruned.nodes.length, "nodes that something needs").toBe(graph.nodes.length);
  expect(pruned.parameters, "parameters that something needs").toEqual(graph.parameters);
  checkStates(graph);
}

/** A node a line: `y = conv2d(x, w, b) + bias + relu`, with the type behind outputs that are not f32. */
export function linesOf({ nodes }: Pick<Graph, "nodes">): string[] {
  return nodes.map(lineOf);
}

function lineOf({ operator, inputs, outputs, epilogue }: Node): string {
  const { bias, residual, activation } = epilogue;
  const nameOf = ({ name, type: { dtype } }: Value) => (dtype === "f32" ? name : `${name} ${dtype}`);
  const fused = [bias && "bias", residual && "residual", activation.kind !== "none" && activation.kind];
  const call = `${operator.name}(${inputs.map(({ name }) => name).join(", ")})`;
  return `${outputs.map(nameOf).join(", ")} = ${[call, ...fused.filter(Boolean)].join(" + ")}`;
}

/** Convolutions, which no pass may compute more often than they stood in the graph. */
export function countConvolutions({ nodes }: Graph): number {
  return nodes.filter(({ operator }) => operator.channelScale).length;
}

/** The nodes of every run: those that do not depend on parameters and constants alone. */
export function runningNodes({ nodes }: Graph): readonly Node[] {
  const depends = new Set<Value>();
  return nodes.filter(({ inputs, outputs }) => {
    const runs = inputs.some((input) => input.kind === "input" || input.kind === "state" || depends.has(input));
    if (runs) for (const output of outputs) depends.add(output);
    return runs;
  });
}

/** `count` graphs of passes' layers, by their seeds. */
export function randomGraphs(
  count: number,
  more: readonly Layer[] = passLayers,
): readonly (readonly [string, Graph])[] {
  return Array.from({ length: count }, (_, seed) => [`seed ${seed}`, randomGraph(seed, 16, { more })] as const);
}
