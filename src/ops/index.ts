export { conv2d, convTranspose2d } from "./conv/conv2d.ts";
export { conv3d, convTranspose3d } from "./conv/conv3d.ts";
export type { Cost } from "./cost.ts";
export { type DeviceTraits, deviceTraits } from "./device-traits.ts";
export {
  clip,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  relu,
  sigmoid,
  silu,
  tanh,
} from "./elementwise/activations.ts";
export { add, div, maximum, minimum, mul, pow, sub } from "./elementwise/arithmetic.ts";
export { type CastAttributes, cast } from "./elementwise/cast.ts";
export { dropout } from "./elementwise/dropout.ts";
export {
  equal,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  where,
} from "./elementwise/masks.ts";
export { prelu } from "./elementwise/prelu.ts";
export { type RoundToAttributes, roundTo } from "./elementwise/round-to.ts";
export { abs, ceil, erf, exp, floor, log, neg, reciprocal, round, sign, softplus, sqrt } from "./elementwise/unary.ts";
export type { InitialValue } from "./initial.ts";
export { gemm } from "./matrix/gemm.ts";
export { linear } from "./matrix/linear.ts";
export { matmul } from "./matrix/matmul.ts";
export { concat } from "./move/concat.ts";
export { gather, gatherElements } from "./move/gather.ts";
export { reshape } from "./move/reshape.ts";
export { pad, slice } from "./move/slice-pad.ts";
export { tile } from "./move/tile.ts";
export { transpose } from "./move/transpose.ts";
export { tril, triu } from "./move/trilu.ts";
export { batchNorm } from "./norm/batch-norm.ts";
export { groupNorm, instanceNorm, layerNorm } from "./norm/normalization.ts";
export { logSoftmax, softmax } from "./norm/softmax.ts";
export type { Operator } from "./operator.ts";
export { adaptiveAveragePool2d, adaptiveAveragePool3d } from "./pool/adaptive-average-pool.ts";
export { averagePool2d, averagePool3d } from "./pool/average-pool.ts";
export { maxPool2d, maxPool3d } from "./pool/max-pool.ts";
export { maxUnpool2d, maxUnpool3d } from "./pool/max-unpool.ts";
export { argmax } from "./reduce/argmax.ts";
export { amax, amin, l2Norm, logSumExp, mean, prod } from "./reduce/reductions.ts";
export { expand, sum } from "./reduce/sum-expand.ts";
export { gridSample2d, gridSample3d } from "./sample/grid-sample.ts";
export { resize2d, resize3d } from "./sample/resize.ts";
