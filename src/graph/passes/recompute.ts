// Less memory for more time: values of the forward pass that the backward pass reads are computed again instead of kept.
// Source: T. Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016: the forward pass is cut into segments, what
// crosses a cut is kept, and the rest of a segment is computed again when the backward pass comes to it.
import { UsageError } from "../../errors.ts";
import type { DeviceTraits } from "../../ops/device-traits.ts";
import { byteLength } from "../../tensor.ts";
import { type Graph, type Node, type Value, withInputs } from "../ir/graph.ts";
import { lower } from "../plan/lower.ts";
import { planMemory } from "../plan/memory-plan.ts";
import { decompose } from "./decompose.ts";
import { optimize, type Precision } from "./optimize.ts";

/** Statistics and the like: not worth computing again. */
const smallBytes = 4 * 1024;

/**
 * The same graph with the forward pass, its first `forward` nodes, in this many segments of about equal memory. The last one
 * is kept whole, as the backward pass begins with it; 1 changes nothing.
 */
export function recompute(graph: Graph, forward: number, segments: number): Graph {
  const nodes = graph.nodes.slice(0, forward);
  const segmentOf = cutEvenly(nodes, segments);
  const kept = keptValues(graph, nodes, segmentOf, segments);
  const copies = new Map<Node, Node>();
  /** What stands for a value of the forward pass behind it, once its producer was copied: itself where it is kept, else its copy. */
  const standIn = (value: Value): Value => {
    const copy = value.producer && copies.get(value.producer);
    return copy && !kept.has(value) ? copy.outputs[value.producer!.outputs.indexOf(value)]! : value;
  };
  /** Copies are made when they are first asked for, depth first, on a stack of its own: segments are longer than that of calls. */
  const again = (value: Value): Value => {
    const path: { readonly node: Node; next: number }[] = [];
    const enter = (asked: Value) => {
      const { producer } = asked;
      if (producer && segmentOf.has(producer) && !kept.has(asked) && !copies.has(producer)) {
        path.push({ node: producer, next: 0 });
      }
    };
    enter(value);
    for (let visit = path.at(-1); visit; visit = path.at(-1)) {
      const input = visit.node.inputs[visit.next++];
      if (input) enter(input);
      else {
        const made = withInputs(visit.node, visit.node.inputs.map(standIn), ":again");
        copies.set(visit.node, made);
        nodes.push(made);
        path.pop();
      }
    }
    return standIn(value);
  };
  const replaced = new Map<Value, Value>();
  for (const node of graph.nodes.slice(forward)) {
    const inputs = node.inputs.map((input) => again(replaced.get(input) ?? input));
    const made = withInputs(node, inputs);
    nodes.push(made);
    node.outputs.forEach((output, i) => {
      replaced.set(output, made.outputs[i]!);
    });
  }
  const outputs = new Map([...graph.outputs].map(([name, value]) => [name, replaced.get(value) ?? value]));
  return { ...graph, nodes, outputs };
}

/** The segment of each node, counted from 0: in each, nodes write about as many bytes. */
function cutEvenly(nodes: readonly Node[], segments: number): ReadonlyMap<Node, number> {
  const bytesOf = ({ outputs, operator }: Node) =>
    operator.alias ? 0 : outputs.reduce((sum, { type }) => sum + byteLength(type), 0);
  const total = nodes.reduce((sum, node) => sum + bytesOf(node), 0);
  let before = 0;
  return new Map(
    nodes.map((node) => {
      const segment = Math.min(segments - 1, Math.floor((before / total) * segments));
      before += bytesOf(node);
      return [node, segment];
    }),
  );
}

/** `none` keeps everything, `auto` takes the least memory that cutting can reach, a number is the bytes to stay within. */
export type Recompute = "none" | "auto" | number;

const segmentCounts = [1, 2, 3, 4, 6, 8, 12, 16, 24] as const;

/**
 * Cuts the forward pass as a memory budget asks: into as few segments as meet it, since each costs time.
 * Throws UsageError that says how much the least is, where no cutting meets it.
 */
export function fitMemory(
  graph: Graph,
  forward: number,
  want: Recompute,
  { traits, ...precision }: Precision & { readonly traits: DeviceTraits },
): Graph {
  if (want === "none") return graph;
  let least = { graph, peakBytes: Number.POSITIVE_INFINITY };
  for (const segments of segmentCounts) {
    const cut = segments === 1 ? graph : recompute(graph, forward, segments);
    const peakBytes = plannedPeak(cut, traits, precision);
    if (typeof want === "number" && peakBytes <= want) return cut;
    if (peakBytes < least.peakBytes) least = { graph: cut, peakBytes };
  }
  if (want === "auto") return least.graph;
  throw new UsageError(`recompute: got ${want} bytes, the least that this graph can do with is ${least.peakBytes}`);
}

function plannedPeak(graph: Graph, traits: DeviceTraits, precision: Precision): number {
  const optimized = decompose(optimize(graph, precision), traits);
  return planMemory(lower(optimized, traits).run, { maxSlotBytes: traits.maxBufferBytes }).peakBytes;
}

/** What crosses a cut, what the graph returns, what takes no memory, and all of the last segment. */
function keptValues(
  graph: Graph,
  forward: readonly Node[],
  segmentOf: ReadonlyMap<Node, number>,
  segments: number,
): ReadonlySet<Value> {
  const kept = new Set<Value>(graph.outputs.values());
  for (const node of forward) {
    const segment = segmentOf.get(node)!;
    for (const input of node.inputs) {
      if (input.producer && segmentOf.get(input.producer) !== segment) kept.add(input);
    }
    for (const output of node.outputs) {
      const isSmall = byteLength(output.type) <= smallBytes;
      const isInState = node.operator.alias !== undefined && node.inputs[0]?.kind === "state";
      if (segment === segments - 1 || isSmall || isInState) kept.add(output);
    }
  }
  return kept;
}
