// GELU that a model spells out: half of x * (1 + f(x)), multiplied in any order, f by erf or by tanh.

import { gelu } from "../../../ops/elementwise/activations.ts";
import type { NodeProto } from "../messages.ts";
import { eitherOrder, isRounded, type Neighbourhood, type Pattern } from "./neighbourhood.ts";
import { product } from "./product.ts";

export const geluPattern: Pattern = (node, around) => {
  if (node.opType !== "Mul") return undefined;
  for (const factor of product(node.outputs[0]!, around, new Set()).factors) {
    const found = onePlus(factor, around);
    if (!found) continue;
    const { x, approximate } = found;
    const { constant, factors } = product(node.outputs[0]!, around, new Set([x, factor]));
    const isWhole = factors.length === 2 && factors.includes(x) && factors.includes(factor);
    if (!isWhole || constant !== 0.5) continue;
    return {
      operator: "Gelu",
      inputs: [x],
      build: (own) => own.result(own.apply(gelu, [own.value(0)], { approximate })),
    };
  }
  return undefined;
};

interface Found {
  readonly x: string;
  readonly approximate: "none" | "tanh";
}

/** 1 + erf(x / sqrt(2)), or 1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)). */
function onePlus(name: string, around: Neighbourhood): Found | undefined {
  const sum = around.producer(name, "Add");
  for (const [one, f] of sum ? eitherOrder(sum) : []) {
    if (around.scalar(one) !== 1) continue;
    const exact = scaled(around.producer(f, "Erf"), Math.SQRT1_2, around);
    if (exact !== undefined) return { x: exact, approximate: "none" };
    const inner = scaled(around.producer(f, "Tanh"), Math.sqrt(2 / Math.PI), around);
    const x = inner === undefined ? undefined : withCube(inner, around);
    if (x !== undefined) return { x, approximate: "tanh" };
  }
  return undefined;
}

/** v, where the node's input is `factor` times v. */
function scaled(node: NodeProto | undefined, factor: number, around: Neighbourhood): string | undefined {
  const quotient = around.producer(node?.inputs[0], "Div");
  if (quotient && isRounded(around.scalar(quotient.inputs[1]), 1 / factor)) return quotient.inputs[0];
  const scale = around.producer(node?.inputs[0], "Mul");
  const found = scale && eitherOrder(scale).find(([constant]) => isRounded(around.scalar(constant), factor));
  return found?.[1];
}

/** x, where the value is x + 0.044715 * x^3. */
function withCube(name: string, around: Neighbourhood): string | undefined {
  const sum = around.producer(name, "Add");
  const found = (sum ? eitherOrder(sum) : []).find(([x, cubic]) => {
    const { constant, factors } = product(cubic, around, new Set([x]));
    return isRounded(constant, 0.044715) && factors.length === 3 && factors.every((factor) => factor === x);
  });
  return found?.[0];
}
