// The gradients of layerNorm, groupNorm and instanceNorm. Statistics of the rows come first; all else is one pass over x and gy.
// Not for users.
import { normGradientShader } from "../../../shaders/norm/grad.wgsl.ts";
import { normStatisticsShader, normStatisticsSpec } from "../../../shaders/norm/grad-statistics.wgsl.ts";
import { normWeightShader, normWeightSpec } from "../../../shaders/norm/grad-weight.wgsl.ts";
import type { NormFoldTemplate } from "../../../shaders/wgsl/norm-grad-fold.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { DeviceTraits } from "../device-traits.ts";
import type { Call, Dispatch, GradientContext, Kernel, Operand, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { allBindings, floatType, storageOf } from "../walk/operands.ts";
import { planFold, prefersWorkgroups, rowGrid, rowLanes } from "../walk/rows.ts";
import { flatGrid, rowMajorStrides, type Strided, walk, walkParams } from "../walk/strided.ts";
import { type NormRows, normRows, type RowKind } from "./rows.ts";

interface RowAttributes {
  readonly rows: RowKind;
}

interface StatisticsAttributes extends RowAttributes {
  readonly eps: number;
}

interface WeightAttributes extends RowAttributes {
  /** Whether the bias's gradient is asked for too. */
  readonly bias: boolean;
}

const rowSize = 4;

/** Of x, and of weight and bias where there are any. */
export function normGradients<V>(context: GradientContext<V>, attrs: StatisticsAttributes): V[] {
  const { gy, inputs } = context;
  const [x, weight, bias] = inputs;
  const scales = inputs.slice(1, 2);
  const statistics = context.apply(normStatistics, [gy, x, ...scales], attrs);
  const { rows } = attrs;
  const gx = context.apply(normGradient, [gy, x, statistics, ...scales], { rows });
  if (weight === undefined) return [gx];
  return [gx, ...context.applyAll(normWeightGradient, [gy, x, statistics], { rows, bias: bias !== undefined })];
}

/** A row's statistics, along the axes that the rows see. */
function placeStatistics({ sizes, outer }: NormRows, offset: number, rowStride: number): Strided {
  const rows = rowMajorStrides(sizes.slice(0, outer)).map((stride) => stride * rowStride);
  return { offset, strides: [...rows, ...sizes.slice(outer).map(() => 0)] };
}

function rowsOf({ shape }: Operand, { rows }: RowAttributes): NormRows {
  return normRows("normGradient", shape, rows);
}

/** Two kernels: an invocation for each sum, and a workgroup. */
function foldKernels<A extends object, I extends number>(
  name: string,
  dispatch: (call: Call<A, I>, lanes: number, device: DeviceTraits) => readonly Dispatch[],
): readonly Kernel<A, I>[] {
  const kernel = (kind: string, lanes: number): Kernel<A, I> => ({
    name: `${name}/${kind}`,
    applies: () => true,
    views: [0, 1],
    dispatches: (call, device) => dispatch(call, lanes, device),
  });
  return [kernel("solo", 1), kernel("workgroup", rowLanes)];
}

/**
 * Mean, scale, and the means of gy * weight and of gy * weight * normalized x of each row.
 * - gy, x: the same shape; optional weight, f32; output: f32 [rows, 4]
 */
export const normStatistics: Operator<StatisticsAttributes, StatisticsAttributes, 2> = {
  name: "normStatistics",
  attributes: (given) => given,
  shape(inputs, attrs) {
    floatType("normStatistics", inputs.slice(0, 2));
    const { sizes, outer } = normRows("normStatistics", inputs[1].shape, attrs.rows);
    return [{ shape: [elementCount(sizes.slice(0, outer)), rowSize], dtype: "f32" }];
  },
  cost: (call) => ({ flop: 9 * elementCount(call.inputs[1].shape), bytes: operandBytes(call) }),
  fullInputs: [2],
  kernels: foldKernels<StatisticsAttributes, 2>("normStatistics", (call, lanes, device) => {
    const [g, x, weight] = call.inputs;
    const rows = rowsOf(call.inputs[1], call.attrs);
    const { offset, batchStride } = call.outputs[0].view;
    const s = placeStatistics(rows, offset, batchStride);
    const arrays = { g: rows.place(g), x: rows.place(x), w: { offset: 0, strides: rows.weight }, s };
    const plan = planFold(rows.sizes, (axis) => axis < rows.outer, arrays, ["g", "x", "w"]);
    const template = { ...plan.template, storage: storageOf(call), weight: weight !== undefined, lanes };
    return [
      {
        code: normStatisticsShader(template),
        bindings: allBindings(call),
        params: params(normStatisticsSpec(template), { ...plan.values, eps: call.attrs.eps }),
        workgroups: rowGrid(plan.count, lanes, device),
      },
    ];
  }),
  prefer(call, device) {
    const { sizes, outer } = rowsOf(call.inputs[1], call.attrs);
    const [rows, terms] = [elementCount(sizes.slice(0, outer)), elementCount(sizes.slice(outer))];
    return `normStatistics/${prefersWorkgroups(device, { rows, terms, contiguous: true }) ? "workgroup" : "solo"}`;
  },
};

const strides: Kernel<RowAttributes, 3> = {
  name: "normGradient/strided",
  applies: () => true,
  views: [0, 1],
  dispatches(call, device) {
    const [g, x, , weight] = call.inputs;
    const rows = rowsOf(call.inputs[1], call.attrs);
    const plan = walk<string>(rows.sizes, {
      g: rows.place(g),
      x: rows.place(x),
      s: placeStatistics(rows, 0, rowSize),
      ...(weight && { w: { offset: 0, strides: rows.weight } }),
      y: rows.place(call.outputs[0]),
    });
    return [
      {
        code: normGradientShader({ ...plan.template, storage: storageOf(call), weight: weight !== undefined }),
        bindings: allBindings(call),
        params: walkParams(plan),
        workgroups: flatGrid(plan.count, device),
      },
    ];
  },
};

/**
 * The gradient of x.
 * - gy, x, output: the same shape; statistics: those of {@link normStatistics}; optional weight, f32
 */
export const normGradient: Operator<RowAttributes, RowAttributes, 3> = {
  name: "normGradient",
  attributes: (given) => given,
  shape: (inputs) => [{ shape: inputs[1].shape, dtype: floatType("normGradient", inputs.slice(0, 2)) }],
  cost: (call) => ({ flop: 7 * elementCount(call.outputs[0].shape), bytes: operandBytes(call) }),
  fullInputs: [2, 3],
  kernels: [strides],
};

/**
 * The gradients of weight and bias.
 * - gy, x: the same shape; statistics: those of {@link normStatistics}; outputs: f32, in the shape of the weight
 */
export const normWeightGradient: Operator<WeightAttributes, WeightAttributes, 3> = {
  name: "normWeightGradient",
  attributes: (given) => given,
  shape(inputs, { rows, bias }) {
    floatType("normWeightGradient", inputs.slice(0, 2));
    const { weightShape } = normRows("normWeightGradient", inputs[1].shape, rows);
    const type = { shape: weightShape, dtype: "f32" } as const;
    return bias ? [type, type] : [type];
  },
  cost: (call) => ({ flop: 4 * elementCount(call.inputs[1].shape), bytes: operandBytes(call) }),
  fullInputs: [2],
  kernels: foldKernels<WeightAttributes, 3>("normWeightGradient", (call, lanes, device) => {
    const [g, x] = call.inputs;
    const rows = rowsOf(call.inputs[1], call.attrs);
    const [weight, bias] = call.outputs;
    const arrays = {
      g: rows.place(g),
      x: rows.place(x),
      s: placeStatistics(rows, 0, rowSize),
      w: rows.placeWeight(weight),
      ...(bias && { b: rows.placeWeight(bias) }),
    };
    const plan = planFold(rows.sizes, (axis) => rows.weight[axis] !== 0, arrays, ["g", "x", "s"]);
    const template: NormFoldTemplate & { bias: boolean } = {
      ...plan.template,
      storage: storageOf(call),
      bias: bias !== undefined,
      lanes,
    };
    return [
      {
        code: normWeightShader(template),
        bindings: allBindings(call),
        params: params(normWeightSpec(template), plan.values),
        workgroups: rowGrid(plan.count, lanes, device),
      },
    ];
  }),
  prefer(call, device) {
    const { shape } = call.inputs[1];
    const { weight, weightShape } = rowsOf(call.inputs[1], call.attrs);
    const rows = elementCount(weightShape);
    const isLong = prefersWorkgroups(device, {
      rows,
      terms: elementCount(shape) / rows,
      contiguous: weight.at(-1) === 0,
    });
    return `normWeightGradient/${isLong ? "workgroup" : "solo"}`;
  },
};
