// The nodes of a graph that its outputs need: the others are not imported.

import type { NodeProto, ValueInfo } from "./messages.ts";

/** In the order of `nodes`. */
export function neededNodes(nodes: readonly NodeProto[], outputs: readonly ValueInfo[]): readonly NodeProto[] {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const needed = new Set<NodeProto>();
  const names = outputs.map(({ name }) => name);
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    const node = producers.get(name);
    if (!node || needed.has(node)) continue;
    needed.add(node);
    names.push(...namesReadBy(node));
  }
  return nodes.filter((node) => needed.has(node));
}

/** Subgraphs read names of the graphs around them. */
export function namesReadBy({ inputs, attributes }: NodeProto): string[] {
  const inner = attributes.flatMap(({ g }) =>
    g ? [...g.nodes.flatMap(namesReadBy), ...g.outputs.map(({ name }) => name)] : [],
  );
  return [...inputs, ...inner];
}
