// `If`, which exporters write for shapes that they do not know: its condition is known once the shapes of the inputs are.
import type { HostTensor } from "./host-tensor.ts";
import type { GraphProto, NodeProto } from "./messages.ts";
import { ensure } from "./unsupported.ts";

/** The subgraph that the condition chooses. Throws UnsupportedNode where the condition is not known. */
export function chosenBranch({ attributes }: NodeProto, condition: HostTensor | undefined): GraphProto {
  ensure(condition !== undefined, "its condition is not a constant");
  const name = condition.data[0] === 0 ? "else_branch" : "then_branch";
  const branch = attributes.find((attribute) => attribute.name === name)?.g;
  ensure(branch !== undefined, `${name} is missing`);
  const own = branch.initializers.length + branch.sparseInitializers + branch.inputs.length;
  ensure(own === 0, `${name} has inputs or weights of its own`);
  return branch;
}
