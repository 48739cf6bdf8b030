// The order of nodes: files may list them in any, and converters append the nodes that they add.

import { FormatError } from "../../errors.ts";
import { quote } from "../quote.ts";
import type { NodeProto } from "./messages.ts";
import { namesReadBy } from "./needed-nodes.ts";

/** Names in a message about a circle. */
const mostNames = 8;

interface Visit {
  readonly node: NodeProto;
  readonly reads: readonly string[];
  next: number;
}

/**
 * Nodes behind those whose outputs they read, otherwise in the file's order. Takes time in proportion to what they read.
 * Throws FormatError that names the nodes of a circle.
 */
export function inOrder(nodes: readonly NodeProto[], file: string): readonly NodeProto[] {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  producers.delete("");
  const sorted: NodeProto[] = [];
  const states = new Map<NodeProto, "open" | "done">();
  for (const first of nodes) {
    // Depth first, on a stack of its own: chains of nodes are longer than the one of calls.
    const path: Visit[] = [];
    const enter = (node: NodeProto) => {
      states.set(node, "open");
      path.push({ node, reads: namesReadBy(node), next: 0 });
    };
    if (!states.has(first)) enter(first);
    for (let visit = path.at(-1); visit; visit = path.at(-1)) {
      const read = visit.reads[visit.next++];
      if (read === undefined) {
        states.set(visit.node, "done");
        sorted.push(visit.node);
        path.pop();
        continue;
      }
      const producer = producers.get(read);
      const state = producer && states.get(producer);
      if (!producer || state === "done") continue;
      if (state === "open") throw circle(path, producer, file);
      enter(producer);
    }
  }
  return sorted;
}

/** The circle is the end of the path, from the node that is read again. */
function circle(path: readonly Visit[], again: NodeProto, file: string): FormatError {
  const nodes = path.slice(path.findIndex(({ node }) => node === again)).map(({ node }) => node);
  const names = nodes.slice(0, mostNames).map((node) => quote(node.name || (node.outputs[0] ?? node.opType)));
  const more = nodes.length > mostNames ? ` and ${nodes.length - mostNames} more` : "";
  return new FormatError(`${file}: nodes read each other's outputs in a circle: ${names.join(", ")}${more}`);
}
