// Normalization by the statistics of the data itself: over layers, groups of channels, or single channels.
import { normalize, normalizeSpec } from "../../../shaders/norm/normalize.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape, type Shape, shapesEqual, type TensorType } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Call, Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { requireAxis, resolveAxis } from "../walk/axes.ts";
import { allBindings, channelsOf, floatType, requireF32, storageOf } from "../walk/operands.ts";
import { planFold, prefersWorkgroups, rowGrid, rowLanes } from "../walk/rows.ts";
import { normGradients } from "./gradient.ts";
import { normRows, type RowKind } from "./rows.ts";
import { prefersSplit, splitNorm } from "./split.ts";

interface EpsGiven {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}

export interface LayerNormAttributes {
  readonly axis: number;
  readonly eps: number;
}

export interface LayerNormGiven extends EpsGiven {
  /** The first of the axes that are normalized together; negative counts from the end. Default -1, the last alone. */
  readonly axis?: number;
}

/**
 * Normalizes each row of the last axes: (x - mean) / sqrt(variance + eps) * weight + bias.
 * - x, output: [...]; optional weight and then bias, f32: the sizes of x from `axis` on.
 * - gradient: from x and the weight; statistics are computed anew.
 * Throws ShapeError if x has no such axis, weight or bias another shape, or eps is negative.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html
 */
export const layerNorm = createNorm<LayerNormAttributes, LayerNormGiven>("layerNorm", {
  attributes: ({ axis = -1 }) => ({ axis: requireAxis("layerNorm", axis) }),
  parameterShape: ({ shape }, { axis }) => shape.slice(resolveAxis("layerNorm", axis, shape)),
  rows: (_, { axis }) => ({ axis }),
});

export interface GroupNormAttributes {
  readonly groups: number;
  readonly eps: number;
}

export interface GroupNormGiven extends EpsGiven {
  /** Blocks of channels that are normalized together. */
  readonly groups: number;
}

/**
 * Normalizes each group of channels of each item: (x - mean) / sqrt(variance + eps) * weight + bias.
 * - x, output: [N, C, ...]; optional weight and then bias, f32: [C]
 * - gradient: as {@link layerNorm}'s.
 * Throws ShapeError if C is no multiple of the groups, weight or bias are not [C], or eps is negative.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html
 */
export const groupNorm = createNorm<GroupNormAttributes, GroupNormGiven>("groupNorm", {
  attributes({ groups }) {
    if (Number.isSafeInteger(groups) && groups >= 1) return { groups };
    throw new ShapeError(`groupNorm: groups is ${groups}, expected at least 1`);
  },
  parameterShape(x, { groups }) {
    const channels = channelsOf("groupNorm", x);
    if (channels % groups === 0) return [channels];
    throw new ShapeError(`groupNorm: got ${channels} channels, expected a multiple of groups = ${groups}`);
  },
  rows: (_, { groups }) => ({ groups }),
  groups: (_, { groups }) => groups,
});

/**
 * Normalizes each channel of each item; see {@link groupNorm}, with as many groups as channels.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html
 */
export const instanceNorm = createNorm<{ readonly eps: number }, EpsGiven>("instanceNorm", {
  attributes: () => ({}),
  parameterShape: (x) => [channelsOf("instanceNorm", x)],
  rows: (x) => ({ groups: channelsOf("instanceNorm", x) }),
  groups: (x) => channelsOf("instanceNorm", x),
});

interface NormRecord<A extends object, G extends object> {
  /** Without eps. */
  attributes(given: G): Omit<A, "eps">;
  /** That of weight and bias. Throws ShapeError for an x that does not fit. */
  parameterShape(x: TensorType, attrs: A): Shape;
  rows(x: TensorType, attrs: A): RowKind;
  /** Set where rows are groups of channels. */
  groups?(x: TensorType, attrs: A): number;
}

function createNorm<A extends { readonly eps: number }, G extends EpsGiven>(
  name: string,
  record: NormRecord<A, G>,
): Operator<A, G> {
  return {
    name,
    attributes(given) {
      const { eps = 1e-5 } = given;
      if (!(eps >= 0 && eps < Number.POSITIVE_INFINITY))
        throw new ShapeError(`${name}: eps is ${eps}, expected at least 0`);
      return { ...record.attributes(given), eps } as A;
    },
    shape(inputs, attrs) {
      const [x, ...parameters] = inputs;
      const dtype = floatType(name, [x]);
      const expected = record.parameterShape(x, attrs);
      requireF32(
        name,
        inputs,
        parameters.map((_, i) => i + 1),
      );
      parameters.forEach(({ shape }, i) => {
        if (shapesEqual(shape, expected)) return;
        throw new ShapeError(
          `${name}: input ${i + 1} has shape ${formatShape(shape)}, expected ${formatShape(expected)} ` +
            `(input shapes: ${formatShape(x.shape)})`,
        );
      });
      return [{ shape: x.shape, dtype }];
    },
    cost: (call) => ({ flop: 7 * elementCount(call.outputs[0].shape), bytes: operandBytes(call) }),
    fullInputs: [1, 2],
    kernels: [rowKernel(name, "solo", 1, record), rowKernel(name, "workgroup", rowLanes, record)],
    gradient(context) {
      const x = context.type(context.inputs[0]);
      return normGradients(context, { rows: record.rows(x, context.attrs), eps: context.attrs.eps });
    },
    decompositions: record.groups ? [splitNorm(name, record.groups)] : [],
    prefer(call, device) {
      const [x] = call.inputs;
      const { sizes, outer } = normRows(name, x.shape, record.rows(x, call.attrs));
      const [rows, terms] = [elementCount(sizes.slice(0, outer)), elementCount(sizes.slice(outer))];
      if (record.groups && device.kind === "hardware" && prefersSplit(rows, terms)) return `${name}/split`;
      return prefersWorkgroups(device, { rows, terms, contiguous: true }) ? `${name}/workgroup` : `${name}/solo`;
    },
  };
}

function rowKernel<A extends { readonly eps: number }, G extends object>(
  name: string,
  kind: "solo" | "workgroup",
  lanes: number,
  record: NormRecord<A, G>,
): Kernel<A> {
  return {
    name: `${name}/${kind}`,
    applies: () => true,
    views: [0],
    dispatches(call: Call<A>, device) {
      const [x, y] = [call.inputs[0], call.outputs[0]];
      const rows = normRows(name, x.shape, record.rows(x, call.attrs));
      const arrays = { x: rows.place(x), w: { offset: 0, strides: rows.weight }, y: rows.place(y) };
      const { template, count, values } = planFold(rows.sizes, (axis) => axis < rows.outer, arrays, ["x", "w", "y"]);
      const code = normalize({
        ...template,
        storage: storageOf(call),
        weight: call.inputs.length > 1,
        bias: call.inputs.length > 2,
        lanes,
      });
      return [
        {
          code,
          bindings: allBindings(call),
          params: params(normalizeSpec(template), { ...values, eps: call.attrs.eps }),
          workgroups: rowGrid(count, lanes, device),
        },
      ];
    },
  };
}
