// What an ONNX operator is to the importer: one record. To add one: a line in the table of its family.

import type { NodeContext } from "../node-context.ts";
import type { Operand } from "../operand.ts";

export interface OnnxOperator {
  /** The first operator set whose definition this record reads. Default 1. */
  readonly since?: number;
  /** Appends the node's work to the graph, or computes it where all is known; one operand per output. */
  build(node: NodeContext): Operand | readonly Operand[];
}

/** By `op_type`. */
export type OperatorTable = Readonly<Record<string, OnnxOperator>>;
