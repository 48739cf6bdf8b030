// Random uses of every operator that graphs are built of: shapes from one element to whole buffers, attributes of all kinds.
import { ShapeError } from "../../src/errors.ts";
import * as ops from "../../src/ops/index.ts";
import { binaryCrossEntropy } from "../../src/ops/loss/binary-cross-entropy.ts";
import { classOverlap } from "../../src/ops/loss/class-overlap.ts";
import { crossEntropy } from "../../src/ops/loss/cross-entropy.ts";
import { batchNormTraining } from "../../src/ops/norm/batch-norm-training.ts";
import { nonEmpty, type Operator } from "../../src/ops/operator.ts";
import { elementCount, type Shape, type TensorType } from "../../src/tensor.ts";
import { isOperator } from "./operator-cases.ts";

export interface RandomCall {
  readonly operator: Operator;
  readonly inputs: readonly TensorType[];
  readonly given: object;
}

/** What a call is drawn with. */
interface Draw {
  /** An integer of `least` to `most`, small ones as likely as large ones of ten times their size. */
  size(most: number, least?: number): number;
  /** An integer of `least` to `most`, all as likely. */
  between(least: number, most: number): number;
  pick<T>(list: readonly [T, ...T[]]): T;
  chance(share: number): boolean;
  /** Axes of any sizes, often one long one. */
  shape(rank: number, most?: number): Shape;
}

type Drawn = readonly [inputs: readonly (Shape | TensorType)[], given: object];
type Maker = (draw: Draw) => Drawn;

/** f32 elements of a tensor: as many as a binding of WebGPU's default limits holds. */
const mostElements = 2 ** 25;

const i32 = (shape: Shape): TensorType => ({ shape, dtype: "i32" });
const u32 = (shape: Shape): TensorType => ({ shape, dtype: "u32" });
const anyRank = (draw: Draw): Shape => draw.shape(draw.between(1, 5));

const one: Maker = (draw) => [[anyRank(draw)], {}];

/** Two shapes that broadcast. */
const two: Maker = (draw) => {
  const shape = anyRank(draw);
  const part = shape.slice(draw.between(0, shape.length - 1)).map((size) => (draw.chance(0.3) ? 1 : size));
  return [draw.chance(0.5) ? [shape, part] : [part, shape], {}];
};

const reduction: Maker = (draw) => {
  const shape = anyRank(draw);
  const axes = shape.map((_, axis) => axis).filter(() => draw.chance(0.5));
  return [[shape], { ...(axes.length > 0 && { axes }), keepDim: draw.chance(0.5) }];
};

const alongAxis: Maker = (draw) => {
  const shape = anyRank(draw);
  return [[shape], { axis: draw.between(0, shape.length - 1) }];
};

/** Attributes of sliding windows over `space` axes. */
function windows(draw: Draw, space: number) {
  const kernel = Array.from({ length: space }, () => draw.pick([1, 1, 2, 3, 3, 4, 5, 7, 11, 31]));
  const stride = kernel.map(() => draw.pick([1, 1, 1, 2, 2, 3, 4, 16]));
  const dilation = kernel.map(() => draw.pick([1, 1, 1, 2, 3, 6, 36]));
  const padding = Array.from({ length: 2 * space }, (_, i) => {
    const reach = (kernel[i % space]! - 1) * dilation[i % space]!;
    return draw.chance(0.5) ? Math.floor(reach / 2) : draw.between(0, reach + 1);
  });
  return { kernel, stride, dilation, padding };
}

const convolution =
  (space: number, transposed: boolean): Maker =>
  (draw) => {
    const { kernel, stride, dilation, padding } = windows(draw, space);
    const x = draw.shape(space + 2);
    const channels = x[1]!;
    const divisors = [2, 3, 4, 8, 16, 32].filter((groups) => channels % groups === 0);
    const groups = draw.pick([1, 1, channels, ...divisors]);
    const each = draw.size(Math.max(1, Math.min(70_000, Math.floor(mostElements / (channels * elementCount(kernel))))));
    const weight = transposed ? [channels, each, ...kernel] : [groups * each, channels / groups, ...kernel];
    const outputPadding = stride.map((step, i) => draw.between(0, Math.max(step, dilation[i]!) - 1));
    return [[x, weight], { stride, dilation, padding, groups, ...(transposed && { outputPadding }) }];
  };

const pool =
  (space: number, more: (draw: Draw) => object): Maker =>
  (draw) => {
    const { kernel, stride } = windows(draw, space);
    const half = kernel.map((size) => draw.between(0, Math.floor(size / 2)));
    return [
      [draw.shape(space + 2)],
      { kernel, stride, padding: [...half, ...half], ceilMode: draw.chance(0.3), ...more(draw) },
    ];
  };
const maxPool = (space: number) =>
  pool(space, (draw) => ({ dilation: draw.pick([1, 1, 2, 3]), indices: draw.chance(0.3) }));
const averagePool = (space: number) => pool(space, (draw) => ({ countIncludePad: draw.chance(0.5) }));

const newSize = (draw: Draw, space: number): Shape => draw.shape(space, 2 ** 22);

const adaptivePool =
  (space: number): Maker =>
  (draw) => [[draw.shape(space + 2)], { outputSize: newSize(draw, space) }];

const unpool =
  (space: number): Maker =>
  (draw) => {
    const shape = draw.shape(space + 2, 2 ** 23);
    return [[shape, i32(shape)], { kernel: draw.pick([2, 3]) }];
  };

const resize =
  (space: number): Maker =>
  (draw) => {
    const modes = ["nearest", space === 2 ? "bilinear" : "trilinear"] as const;
    const coordinates = draw.pick(["half-pixel", "align-corners", "asymmetric"]);
    return [[draw.shape(space + 2)], { mode: draw.pick(modes), coordinates, size: newSize(draw, space) }];
  };

const gridSample =
  (space: number): Maker =>
  (draw) => {
    const x = draw.shape(space + 2);
    return [[x, [x[0]!, ...newSize(draw, space), space]], { padding: draw.pick(["zeros", "border", "reflection"]) }];
  };

const channelNorm =
  (parameters: number): Maker =>
  (draw) => {
    const x = draw.shape(draw.between(2, 5));
    return [[x, ...Array.from({ length: parameters }, () => [x[1]!])], {}];
  };

const groupNorm: Maker = (draw) => {
  const [[x, ...others]] = channelNorm(2)(draw) as readonly [readonly Shape[], object];
  const divisors = [2, 3, 4, 8, 16, 32].filter((groups) => x![1]! % groups === 0);
  return [[x!, ...others], { groups: draw.pick([1, x![1]!, ...divisors]) }];
};

const layerNorm: Maker = (draw) => {
  const x = anyRank(draw);
  const axis = draw.between(0, x.length - 1);
  return [[x, x.slice(axis), x.slice(axis)], { axis }];
};

const product: Maker = (draw) => {
  const [rows, terms, columns] = draw.shape(3) as [number, number, number];
  const items = draw.shape(draw.between(0, 2), 2 ** 10);
  return [
    [
      [...items, rows, terms],
      [...(draw.chance(0.5) ? items : []), terms, columns],
    ],
    {},
  ];
};

const linear: Maker = (draw) => {
  const [rows, terms, columns] = draw.shape(3) as [number, number, number];
  return [[[rows, terms], [columns, terms], ...(draw.chance(0.5) ? [[columns]] : [])], {}];
};

const flatProduct: Maker = (draw) => {
  const [rows, terms, columns] = draw.shape(3) as [number, number, number];
  const [transA, transB] = [draw.chance(0.5), draw.chance(0.5)];
  const a = transA ? [terms, rows] : [rows, terms];
  const b = transB ? [columns, terms] : [terms, columns];
  return [[a, b, ...(draw.chance(0.5) ? [[columns]] : [])], { transA, transB }];
};

const concat: Maker = (draw) => {
  const shape = draw.shape(draw.between(1, 5), 2 ** 22);
  const axis = draw.between(0, shape.length - 1);
  const parts = Array.from({ length: draw.between(2, 6) }, () => shape.with(axis, draw.size(shape[axis]!)));
  return [parts, { axis }];
};

const pad: Maker = (draw) => {
  const shape = draw.shape(draw.between(2, 5), 2 ** 22);
  const sides = () => shape.map((size) => (draw.chance(0.5) ? 0 : draw.between(0, Math.min(size - 1, 20))));
  return [[shape], { begin: sides(), end: sides(), mode: draw.pick(["constant", "reflect", "replicate"]) }];
};

const slice: Maker = (draw) => {
  const shape = anyRank(draw);
  const axes = shape.map((_, axis) => axis);
  const starts = shape.map((size) => draw.between(0, size - 1));
  const ends = shape.map((size, axis) => draw.between(starts[axis]! + 1, size));
  return [[shape], { axes, starts, ends, steps: shape.map(() => draw.pick([1, 1, 2, 5])) }];
};

const transpose: Maker = (draw) => {
  const shape = anyRank(draw);
  const keys = shape.map((_, axis) => [axis, draw.between(0, 1_000_000)] as const);
  return [[shape], { permutation: keys.sort(([, a], [, b]) => a - b).map(([axis]) => axis) }];
};

const reshape: Maker = (draw) => {
  const shape = anyRank(draw);
  return [[shape], { shape: draw.chance(0.5) ? [elementCount(shape)] : shape.toReversed() }];
};

const expand: Maker = (draw) => {
  const shape = anyRank(draw);
  return [[shape.map((size) => (draw.chance(0.5) ? 1 : size))], { shape }];
};

const tile: Maker = (draw) => {
  const shape = anyRank(draw);
  return [
    [shape.map((size) => Math.ceil(size / 4))],
    { repeats: shape.map((size) => Math.min(size, draw.between(1, 4))) },
  ];
};

const gather: Maker = (draw) => {
  const shape = draw.shape(draw.between(1, 4), 2 ** 22);
  return [[shape, i32(draw.shape(draw.between(1, 2), 2 ** 10))], { axis: draw.between(0, shape.length - 1) }];
};

const gatherElements: Maker = (draw) => {
  const shape = anyRank(draw);
  const axis = draw.between(0, shape.length - 1);
  return [[shape, i32(shape.with(axis, draw.size(shape[axis]!)))], { axis }];
};

const triangle: Maker = (draw) => [[draw.shape(draw.between(2, 4))], { diagonal: draw.between(-3, 3) }];

const pixelLoss =
  (options: (draw: Draw) => object): Maker =>
  (draw) => {
    const x = draw.shape(draw.between(3, 5));
    const weights = draw.chance(0.3) ? [x.slice(0, 2)] : [];
    return [[x, u32(x.toSpliced(1, 1)), ...weights], options(draw)];
  };

const overlap: Maker = (draw) => {
  const x = draw.shape(draw.between(3, 5));
  return [[x, u32(x.toSpliced(1, 1))], {}];
};

const own: Readonly<Record<string, Maker>> = {
  conv2d: convolution(2, false),
  conv3d: convolution(3, false),
  convTranspose2d: convolution(2, true),
  convTranspose3d: convolution(3, true),
  maxPool2d: maxPool(2),
  maxPool3d: maxPool(3),
  averagePool2d: averagePool(2),
  averagePool3d: averagePool(3),
  adaptiveAveragePool2d: adaptivePool(2),
  adaptiveAveragePool3d: adaptivePool(3),
  maxUnpool2d: unpool(2),
  maxUnpool3d: unpool(3),
  resize2d: resize(2),
  resize3d: resize(3),
  gridSample2d: gridSample(2),
  gridSample3d: gridSample(3),
  batchNorm: channelNorm(4),
  batchNormTraining: channelNorm(2),
  instanceNorm: channelNorm(2),
  groupNorm,
  layerNorm,
  softmax: alongAxis,
  logSoftmax: alongAxis,
  argmax: alongAxis,
  matmul: product,
  linear,
  gemm: flatProduct,
  concat,
  pad,
  slice,
  transpose,
  reshape,
  expand,
  tile,
  gather,
  gatherElements,
  tril: triangle,
  triu: triangle,
  crossEntropy: pixelLoss((draw) => ({ gamma: draw.pick([0, 2]) })),
  binaryCrossEntropy: pixelLoss(() => ({})),
  classOverlap: overlap,
  cast: (draw) => [[anyRank(draw)], { to: draw.pick(["f32", "i32", "u32"]) }],
  roundTo: (draw) => [[anyRank(draw)], { type: draw.pick(["f16", "bf16"]) }],
  prelu: channelNorm(1),
  where: (draw) => {
    const [[a, b]] = two(draw) as readonly [readonly [Shape, Shape], object];
    return [[u32(a), a, b], {}];
  },
  dropout: (draw) => [[draw.shape(draw.between(2, 5)), u32([2])], { spatial: draw.chance(0.5) }],
  clip: (draw) => [[anyRank(draw)], { min: 0, max: 6 }],
  ...Object.fromEntries(
    ["sum", "mean", "prod", "amax", "amin", "l2Norm", "logSumExp"].map((name) => [name, reduction]),
  ),
  ...Object.fromEntries(
    [
      "add",
      "sub",
      "mul",
      "div",
      "pow",
      "maximum",
      "minimum",
      "equal",
      "less",
      "lessOrEqual",
      "greater",
      "greaterOrEqual",
    ].map((name) => [name, two]),
  ),
  ...Object.fromEntries(
    ["logicalAnd", "logicalOr", "logicalXor", "logicalNot"].map((name) => [
      name,
      masks(name === "logicalNot" ? one : two),
    ]),
  ),
};

/** The same shapes as masks. */
function masks(maker: Maker): Maker {
  return (draw) => {
    const [inputs, given] = maker(draw) as readonly [readonly Shape[], object];
    return [inputs.map(u32), given];
  };
}

/** Every operator of `ops`, and those that training adds. */
export const calledOperators: readonly Operator[] = [
  ...Object.values(ops).filter(isOperator),
  ...([batchNormTraining, crossEntropy, binaryCrossEntropy, classOverlap] as unknown as readonly Operator[]),
];

/** A legal call whose tensors each fit a binding of WebGPU's default limits. */
export function randomCall(operator: Operator, random: () => number): RandomCall {
  const draw = drawer(random);
  const maker = own[operator.name] ?? one;
  for (let tries = 0; tries < 1000; tries++) {
    const [shapes, given] = maker(draw);
    const inputs = shapes.map((input): TensorType => ("dtype" in input ? input : { shape: input, dtype: "f32" }));
    if (inputs.some(isTooLarge)) continue;
    try {
      const outputs = operator.shape(nonEmpty(inputs, "inputs"), operator.attributes(given));
      if (!outputs.some(isTooLarge)) return { operator, inputs, given };
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
    }
  }
  throw new Error(`${operator.name}: none of 1000 calls was legal`);
}

function isTooLarge({ shape }: TensorType): boolean {
  return elementCount(shape) > mostElements;
}

function drawer(random: () => number): Draw {
  const between = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  return {
    between,
    size: (most, least = 1) => Math.min(most, Math.max(least, Math.floor(least * (most / least + 1) ** random()))),
    pick: (list) => list[between(0, list.length - 1)]!,
    chance: (share) => random() < share,
    shape(rank, most = mostElements) {
      const bits = random() * Math.log2(most);
      const shares = Array.from({ length: rank }, () => random() ** 4);
      const whole = shares.reduce((sum, share) => sum + share, 0);
      return shares.map((share) => Math.max(1, Math.floor(2 ** ((bits * share) / whole))));
    },
  };
}
