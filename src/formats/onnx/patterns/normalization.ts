// Layer, group and instance norm that a model spells out. Exporters write group norm as an instance norm of x reshaped to its
// groups, reshaped back, scaled and shifted; operator sets before 17 write layer norm as means, differences and a square root.

import type { Value } from "../../../graph/ir/graph.ts";
import { reshape } from "../../../ops/move/reshape.ts";
import { groupNorm, layerNorm } from "../../../ops/norm/normalization.ts";
import { type Shape, shapesEqual } from "../../../tensor.ts";
import type { NodeProto } from "../messages.ts";
import type { NodeContext } from "../node-context.ts";
import { attributeOf, eitherOrder, type Neighbourhood, type Pattern, type Replacement } from "./neighbourhood.ts";
import { type Standardized, standardizedBy } from "./standardized.ts";

/** Without weights: as soon as x is standardized over its last axes. */
export const plainLayerNormPattern: Pattern = (node, around) => {
  const found = standardizedBy(node, around);
  return found && layerNormOf(found, around, []);
};

/** With weights, and with a bias where one is added. */
export const normPattern: Pattern = (node, around) => {
  if (node.opType === "Mul") return scaledNorm(node, around, undefined);
  if (node.opType !== "Add") return undefined;
  for (const [name, bias] of eitherOrder(node)) {
    const scale = around.isPassing(name) ? around.producer(name, "Mul") : undefined;
    const found = scale && around.isFixed(bias) ? scaledNorm(scale, around, bias) : undefined;
    if (found) return found;
  }
  return undefined;
};

function scaledNorm(node: NodeProto, around: Neighbourhood, bias: string | undefined): Replacement | undefined {
  for (const [name, weight] of eitherOrder(node)) {
    if (!around.isPassing(name) || !around.isFixed(weight)) continue;
    const parameters = bias === undefined ? [weight] : [weight, bias];
    const standardized = standardizedFor(name, around);
    const found =
      standardized &&
      (layerNormOf(standardized, around, parameters) ?? instanceNormOf(standardized, around, parameters));
    if (found) return found;
    const grouped = groupNormOf(name, around, parameters);
    if (grouped) return grouped;
  }
  return undefined;
}

function standardizedFor(name: string, around: Neighbourhood): Standardized | undefined {
  const node = around.producer(name, "Div") ?? around.producer(name, "Mul");
  return node && standardizedBy(node, around);
}

function layerNormOf(
  { x, axes, eps }: Standardized,
  around: Neighbourhood,
  parameters: readonly string[],
): Replacement | undefined {
  const shape = around.shape(x);
  const axis = shape && lastAxes(axes, shape);
  if (!shape || axis === undefined) return undefined;
  const inner = shape.slice(axis);
  if (!parameters.every((name) => fits(around.shape(name), inner, shape))) return undefined;
  return {
    operator: "LayerNormalization",
    inputs: [x, ...parameters],
    build(node) {
      const values = parameters.map((_, i) => shaped(node, i + 1, inner));
      return node.result(node.apply(layerNorm, [node.value(0), ...values], { axis, eps }));
    },
  };
}

/** Every channel of every item on its own, with weights per channel. */
function instanceNormOf(
  { x, axes, eps }: Standardized,
  around: Neighbourhood,
  parameters: readonly string[],
): Replacement | undefined {
  const shape = around.shape(x);
  if (!shape || lastAxes(axes, shape) !== 2) return undefined;
  return perChannel("InstanceNormalization", { x, shape, groups: shape[1]!, eps }, around, parameters);
}

/** `name` is x, reshaped to [N, groups, ...], normalized over all that is behind, and reshaped back. */
function groupNormOf(name: string, around: Neighbourhood, parameters: readonly string[]): Replacement | undefined {
  const back = around.producer(name, "Reshape");
  const inner = back && normalizedGroups(back.inputs[0] ?? "", around);
  const forth = inner && around.producer(inner.x, "Reshape");
  const x = forth?.inputs[0] ?? "";
  const [shape, grouped] = [around.shape(x), around.shape(inner?.x)];
  if (!inner || !shape || !grouped || !shapesEqual(shape, around.shape(name) ?? [])) return undefined;
  const groups = grouped[1] ?? 0;
  if (shape.length < 2 || grouped[0] !== shape[0] || groups === 0 || shape[1]! % groups !== 0) return undefined;
  return perChannel("GroupNormalization", { x, shape, groups, eps: inner.eps }, around, parameters);
}

/** [N, groups, ...] normalized over all axes from the third on, without weights. */
function normalizedGroups(
  name: string,
  around: Neighbourhood,
): { readonly x: string; readonly eps: number } | undefined {
  const norm = around.producer(name, "InstanceNormalization");
  if (norm) {
    const [x = "", scale, shift] = norm.inputs;
    const isPlain = isFilled(around, scale, 1) && isFilled(around, shift, 0);
    return isPlain ? { x, eps: attributeOf(norm, "epsilon")?.f ?? 1e-5 } : undefined;
  }
  const found = standardizedFor(name, around);
  const shape = around.shape(found?.x);
  return found && shape && lastAxes(found.axes, shape) === 2 ? found : undefined;
}

function perChannel(
  operator: string,
  {
    x,
    shape,
    groups,
    eps,
  }: { readonly x: string; readonly shape: Shape; readonly groups: number; readonly eps: number },
  around: Neighbourhood,
  parameters: readonly string[],
): Replacement | undefined {
  const channels = [shape[1]!];
  const column = [...channels, ...shape.slice(2).map(() => 1)];
  if (!parameters.every((name) => fits(around.shape(name), column, shape))) return undefined;
  return {
    operator,
    inputs: [x, ...parameters],
    build(node) {
      const values = parameters.map((_, i) => shaped(node, i + 1, channels));
      return node.result(node.apply(groupNorm, [node.value(0), ...values], { groups, eps }));
    },
  };
}

/** The first of the axes, where they are all from there on. */
function lastAxes(axes: readonly number[], { length }: Shape): number | undefined {
  const resolved = axes.map((axis) => (axis < 0 ? axis + length : axis)).sort((a, b) => a - b);
  const first = length - axes.length;
  return resolved.every((axis, i) => axis === first + i) ? first : undefined;
}

/** Whether a shape is the expected one, behind axes of size 1 that x has too. */
function fits(shape: Shape | undefined, expected: Shape, x: Shape): boolean {
  if (!shape || shape.length < expected.length || shape.length > x.length) return false;
  const ahead = shape.length - expected.length;
  return shape.slice(0, ahead).every((size) => size === 1) && shapesEqual(shape.slice(ahead), expected);
}

function isFilled(around: Neighbourhood, name: string | undefined, value: number): boolean {
  const tensor = around.known(name);
  return tensor !== undefined && Array.from(tensor.data).every((element) => element === value);
}

function shaped(node: NodeContext, index: number, shape: Shape): Value {
  const value = node.value(index);
  if (shapesEqual(value.type.shape, shape)) return value;
  return node.apply(reshape, [value], { shape }, { part: `input${index}` });
}
