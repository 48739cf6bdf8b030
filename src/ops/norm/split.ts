// Normalization of few long rows, as those of volumes: several workgroups share each. Not for users.
import {
  applyMomentsShader,
  applyMomentsSpec,
  momentsShader,
  splitSpec,
} from "../../../shaders/norm/normalize-split.wgsl.ts";
import { elementCount, type Shape, type TensorType } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Decomposition, Kernel, Operand, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { allBindings, floatType, requireF32, storageOf } from "../walk/operands.ts";
import { rowGrid, rowLanes } from "../walk/rows.ts";
import { type Strided, strided, walk } from "../walk/strided.ts";

/** A part of a row has this many terms or more, and a row has this many parts or fewer. */
const fewestTerms = 16384;
const mostParts = 64;

/** Rows that by themselves do not fill a GPU: a guess until one has been tuned. */
export function prefersSplit(rows: number, terms: number): boolean {
  return rows <= 1024 && terms >= 4 * fewestTerms;
}

interface SplitAttributes {
  readonly groups: number;
  /** Terms of a part of a row; the last one may have fewer. */
  readonly partTerms: number;
}

interface ApplyAttributes extends SplitAttributes {
  readonly eps: number;
}

/** `groupNorm/split` and `instanceNorm/split`. */
export function splitNorm<A extends { readonly eps: number }>(
  name: string,
  groupsOf: (x: TensorType, attrs: A) => number,
): Decomposition<A> {
  return {
    name: `${name}/split`,
    applies: ({ inputs: [x], attrs }) => rowTerms(x.shape, groupsOf(x, attrs)) >= 2 * fewestTerms,
    build({ inputs: [x, ...parameters], apply }, { inputs: [type], attrs }) {
      const groups = groupsOf(type, attrs);
      const terms = rowTerms(type.shape, groups);
      const partTerms = Math.ceil(terms / Math.min(mostParts, Math.floor(terms / fewestTerms)));
      const moments = apply("moments", normMoments, [x], { groups, partTerms });
      return apply("rows", normApply, [x, moments, ...parameters], { groups, partTerms, eps: attrs.eps });
    },
  };
}

function rowTerms([, channels = 1, ...inner]: Shape, groups: number): number {
  return (channels / groups) * elementCount(inner);
}

function partsOf(shape: Shape, { groups, partTerms }: SplitAttributes): number {
  return Math.ceil(rowTerms(shape, groups) / partTerms);
}

function partShape(shape: Shape, attrs: SplitAttributes): Shape {
  return [...shape.slice(0, 1), attrs.groups, partsOf(shape, attrs)];
}

/** A walk over [N, G, parts] of tensors like x, and of other arrays. */
function walkParts(
  { shape }: TensorType,
  attrs: SplitAttributes,
  like: Readonly<Record<string, Operand>>,
  others: Readonly<Record<string, Strided>>,
) {
  const { groups, partTerms } = attrs;
  const terms = rowTerms(shape, groups);
  const arrays = Object.entries(like).map(([name, { view }]) => [
    name,
    { offset: view.offset, strides: [view.batchStride, terms, partTerms] },
  ]);
  const { template, count, values } = walk<string>(
    partShape(shape, attrs),
    { ...Object.fromEntries(arrays), ...others },
    { vectors: false, join: false },
  );
  return { template, count, values: { ...values, row_terms: terms, part_terms: partTerms } };
}

const moments: Kernel<SplitAttributes> = {
  name: "normMoments/workgroup",
  applies: () => true,
  views: [0],
  dispatches(call, device) {
    const [x, y] = [call.inputs[0], call.outputs[0]];
    const m = { offset: y.view.offset, strides: strided(y).strides.slice(0, 3) };
    const { template, count, values } = walkParts(x, call.attrs, { x }, { m });
    return [
      {
        code: momentsShader({ ...template, storage: storageOf(call), lanes: rowLanes }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(splitSpec(template), values),
        workgroups: rowGrid(count, rowLanes, device),
      },
    ];
  },
};

/** x [N, C, ...] to [N, groups, parts, 2]: mean of each part of a row, and the sum of squared distances from it. */
export const normMoments: Operator<SplitAttributes, SplitAttributes> = {
  name: "normMoments",
  attributes: (given) => given,
  shape([x], attrs) {
    floatType("normMoments", [x]);
    return [{ shape: [...partShape(x.shape, attrs), 2], dtype: "f32" }];
  },
  cost: (call) => ({ flop: 4 * elementCount(call.inputs[0].shape), bytes: operandBytes(call) }),
  kernels: [moments],
};

const applied: Kernel<ApplyAttributes> = {
  name: "normApply/workgroup",
  applies: () => true,
  views: [0],
  dispatches(call, device) {
    const [x, y] = [call.inputs[0], call.outputs[0]];
    const { groups, eps } = call.attrs;
    const [, channels, ...inner] = x.shape as [number, number, ...number[]];
    const parts = partsOf(x.shape, call.attrs);
    const m = { offset: 0, strides: [groups * parts * 2, parts * 2, 0] };
    const w = { offset: 0, strides: [0, channels / groups, 0] };
    const { template, count, values } = walkParts(x, call.attrs, { x, y }, { m, w });
    const code = applyMomentsShader({
      ...template,
      storage: storageOf(call),
      lanes: rowLanes,
      weight: call.inputs.length > 2,
      bias: call.inputs.length > 3,
    });
    return [
      {
        code,
        bindings: allBindings(call),
        params: params(applyMomentsSpec(template), { ...values, parts, plane: elementCount(inner), eps }),
        workgroups: rowGrid(count, rowLanes, device),
      },
    ];
  },
};

/** x [N, C, ...], its moments, and weight and bias [C] where there are any, to the normalized x. */
export const normApply: Operator<ApplyAttributes, ApplyAttributes> = {
  name: "normApply",
  attributes: (given) => given,
  shape(inputs) {
    const [x, ...others] = inputs;
    requireF32(
      "normApply",
      inputs,
      others.map((_, i) => i + 1),
    );
    return [{ shape: x.shape, dtype: floatType("normApply", [x]) }];
  },
  cost: (call) => ({ flop: 4 * elementCount(call.outputs[0].shape), bytes: operandBytes(call) }),
  fullInputs: [1, 2, 3],
  kernels: [applied],
};
