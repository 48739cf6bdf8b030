// The one message that lists every node which cannot be imported.

import type { ImportedNode } from "../../errors.ts";
import type { AttributeProto, NodeProto } from "./messages.ts";

/** Longer lists are cut; the error's `nodes` hold all of them. */
const maxListed = 50;

/**
 *     model.onnx: 2 of 40 nodes cannot be imported: Gru (GRU hidden_size=8): no such operator here; ...
 */
export function describeUnsupported(file: string, reports: readonly ImportedNode[]): string {
  const faults = reports.filter(({ reason }) => reason !== undefined);
  const behind = reports.filter(({ reason, outputShape }) => reason === undefined && outputShape === undefined).length;
  const more = faults.length > maxListed ? `; and ${faults.length - maxListed} more` : "";
  const unchecked = behind > 0 ? `; behind them, not checked: ${behind}` : "";
  const list = faults
    .slice(0, maxListed)
    .map(
      ({ name, operator, attributes, reason }) => `${cut(name)} (${cut(operator + attributes)}): ${cut(reason ?? "")}`,
    );
  return `${file}: ${faults.length} of ${reports.length} nodes cannot be imported: ${list.join("; ")}${more}${unchecked}`;
}

/** Names come from the file and may be of any length. */
function cut(text: string): string {
  return text.length <= 400 ? text : `${text.slice(0, 400)}...`;
}

export function describeAttributes({ attributes }: NodeProto): string {
  return attributes.map((attribute) => ` ${attribute.name}=${describeValue(attribute)}`).join("");
}

function describeValue({ type, f, i, s, t, g, floats, ints, strings }: AttributeProto): string {
  const list = (values: readonly unknown[]) => `[${values.slice(0, 8).join(", ")}${values.length > 8 ? ", ..." : ""}]`;
  if (t) return `tensor ${list(t.dims)}`;
  if (g) return `graph of ${g.nodes.length} nodes`;
  if (floats.length > 0) return list(floats);
  if (ints.length > 0) return list(ints);
  if (strings.length > 0) return list(strings);
  if (type === 1) return String(f);
  return type === 3 || s !== "" ? JSON.stringify(s.slice(0, 40)) : String(i);
}
