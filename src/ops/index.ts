export { clip, elu, gelu, hardSigmoid, hardSwish, leakyRelu, relu, sigmoid, silu, tanh } from "./activations.ts";
export { adaptiveAveragePool2d, adaptiveAveragePool3d } from "./adaptive-average-pool.ts";
export { argmax } from "./argmax.ts";
export { add, div, maximum, minimum, mul, pow, sub } from "./arithmetic.ts";
export { averagePool2d, averagePool3d } from "./average-pool.ts";
export { batchNorm } from "./batch-norm.ts";
export { type CastAttributes, cast } from "./cast.ts";
export { concat } from "./concat.ts";
export { convTranspose2d } from "./conv-transpose2d.ts";
export { convTranspose3d } from "./conv-transpose3d.ts";
export { conv2d } from "./conv2d.ts";
export { conv3d } from "./conv3d.ts";
export { expand, tile } from "./expand.ts";
export { gather, gatherElements } from "./gather.ts";
export { gridSample2d, gridSample3d } from "./grid-sample.ts";
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
} from "./masks.ts";
export { gemm, linear, matmul } from "./matmul.ts";
export { maxPool2d, maxPool3d } from "./max-pool.ts";
export { maxUnpool2d, maxUnpool3d } from "./max-unpool.ts";
export { groupNorm, instanceNorm, layerNorm } from "./normalization.ts";
export { type Cost, type DeviceTraits, deviceTraits, type Operator } from "./operator.ts";
export { pad } from "./pad.ts";
export { prelu } from "./prelu.ts";
export { amax, amin, l2Norm, logSumExp, mean, prod, sum } from "./reductions.ts";
export { reshape } from "./reshape.ts";
export { resize2d, resize3d } from "./resize.ts";
export { slice } from "./slice.ts";
export { logSoftmax, softmax } from "./softmax.ts";
export { transpose } from "./transpose.ts";
export { tril, triu } from "./trilu.ts";
export { abs, ceil, erf, exp, floor, log, neg, reciprocal, round, sign, softplus, sqrt } from "./unary.ts";
