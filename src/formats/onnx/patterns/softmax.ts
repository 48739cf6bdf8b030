// Softmax that a model spells out.

import { logSoftmax, softmax } from "../../../ops/norm/softmax.ts";
import type { NodeProto } from "../messages.ts";
import { attributeOf, type Neighbourhood, type Pattern } from "./neighbourhood.ts";

/** exp(x) / sum(exp(x)), where x may be y - max(y): softmax of x or of y, which is the same. */
export const softmaxPattern: Pattern = (node, around) => {
  const found = spelledOut(node, around);
  return (
    found && {
      operator: "Softmax",
      inputs: [found.x],
      build: (own) => own.result(own.apply(softmax, [own.value(0)], { axis: found.axis })),
    }
  );
};

/** log(softmax(x)), which is more exact as one. */
export const logSoftmaxPattern: Pattern = (node, around) => {
  if (node.opType !== "Log") return undefined;
  const quotient = around.producer(node.inputs[0], "Div");
  const found =
    (quotient && spelledOut(quotient, around)) ?? stated(around.producer(node.inputs[0], "Softmax"), around);
  return (
    found && {
      operator: "LogSoftmax",
      inputs: [found.x],
      build: (own) => own.result(own.apply(logSoftmax, [own.value(0)], { axis: found.axis })),
    }
  );
};

interface Found {
  readonly x: string;
  readonly axis: number;
}

/** Of a Softmax node. Until operator set 12 it is over all axes from the stated one on, which is the same for the last. */
function stated(node: NodeProto | undefined, around: Neighbourhood): Found | undefined {
  const x = node?.inputs[0];
  const rank = around.shape(x)?.length;
  if (!node || x === undefined || rank === undefined) return undefined;
  const axis = attributeOf(node, "axis")?.i ?? (around.opset < 13 ? 1 : -1);
  const isOne = around.opset >= 13 || axis === rank - 1 || axis === -1;
  return isOne ? { x, axis } : undefined;
}

function spelledOut(node: NodeProto, around: Neighbourhood): Found | undefined {
  if (node.opType !== "Div") return undefined;
  const exp = around.producer(node.inputs[0], "Exp");
  const sum = around.producer(node.inputs[1], "ReduceSum");
  const axis = sum && keptAxis(sum, around);
  if (!exp || axis === undefined || sum?.inputs[0] !== exp.outputs[0]) return undefined;
  return { x: withoutMaximum(exp, axis, around), axis };
}

function withoutMaximum(exp: NodeProto, axis: number, around: Neighbourhood): string {
  const x = exp.inputs[0] ?? "";
  const difference = around.producer(x, "Sub");
  const maximum = around.producer(difference?.inputs[1], "ReduceMax");
  const isShift = maximum && maximum.inputs[0] === difference?.inputs[0] && keptAxis(maximum, around) === axis;
  return isShift ? (difference?.inputs[0] ?? x) : x;
}

/** The one axis of a reduction that keeps it. */
function keptAxis(node: NodeProto, around: Neighbourhood): number | undefined {
  if ((attributeOf(node, "keepdims")?.i ?? 1) === 0) return undefined;
  const axes = around.ints(node, "axes", 1);
  return axes?.length === 1 ? axes[0] : undefined;
}
