// Activations that are x times a gate of x, spelt out: SiLU (swish), and hard swish.

import { hardSwish, silu } from "../../../ops/elementwise/activations.ts";
import type { NodeProto } from "../messages.ts";
import { attributeOf, eitherOrder, isRounded, type Neighbourhood, type Pattern } from "./neighbourhood.ts";
import { product } from "./product.ts";

/** x * sigmoid(x), or x * sigmoid(1 * x) as PaddlePaddle writes it. */
export const siluPattern: Pattern = (node, around) => {
  const x = gated(node, (gate, x) => {
    const argument = around.producer(gate, "Sigmoid")?.inputs[0];
    const { constant, factors } = product(argument ?? "", around, new Set([x]));
    return constant === 1 && factors.length === 1 && factors[0] === x;
  });
  if (x === undefined) return undefined;
  return { operator: "Swish", inputs: [x], build: (own) => own.result(own.apply(silu, [own.value(0)], {})) };
};

/** x * hardSigmoid(x), or x * clip(x + 3, 0, 6) / 6, multiplied and divided in any order. */
export const hardSwishPattern: Pattern = (node, around) => {
  const x = gated(node, (gate, x) => sixthGate(gate, around) === x) ?? clipped(node, around);
  if (x === undefined) return undefined;
  return { operator: "HardSwish", inputs: [x], build: (own) => own.result(own.apply(hardSwish, [own.value(0)], {})) };
};

/** x, where the node is x times its gate. */
function gated(node: NodeProto, isGateOf: (gate: string, x: string) => boolean): string | undefined {
  if (node.opType !== "Mul") return undefined;
  return eitherOrder(node).find(([x, gate]) => isGateOf(gate, x))?.[0];
}

/** v, where the value is clip(v / 6 + 1 / 2, 0, 1). */
function sixthGate(name: string, around: Neighbourhood): string | undefined {
  const gate = around.producer(name, "HardSigmoid");
  if (!gate || !isRounded(attributeOf(gate, "alpha")?.f, 1 / 6)) return undefined;
  return (attributeOf(gate, "beta")?.f ?? 0.5) === 0.5 ? gate.inputs[0] : undefined;
}

function clipped(node: NodeProto, around: Neighbourhood): string | undefined {
  if (node.opType !== "Mul" && node.opType !== "Div") return undefined;
  const name = node.outputs[0] ?? "";
  for (const gate of product(name, around, new Set()).factors) {
    const x = raisedAndClipped(gate, around);
    if (x === undefined) continue;
    const { constant, factors } = product(name, around, new Set([x, gate]));
    const isWhole = factors.length === 2 && factors.includes(x) && factors.includes(gate);
    if (isWhole && isRounded(constant, 1 / 6)) return x;
  }
  return undefined;
}

/** v, where the value is clip(v + 3, 0, 6). */
function raisedAndClipped(name: string, around: Neighbourhood): string | undefined {
  const clip = around.producer(name, "Clip");
  const sum = around.producer(clip?.inputs[0], "Add");
  if (!clip || !sum) return undefined;
  const bound = (attribute: string, input: number) =>
    around.opset < 11 ? attributeOf(clip, attribute)?.f : around.scalar(clip.inputs[input]);
  if (bound("min", 1) !== 0 || bound("max", 2) !== 6) return undefined;
  return eitherOrder(sum).find(([, three]) => around.scalar(three) === 3)?.[0];
}
