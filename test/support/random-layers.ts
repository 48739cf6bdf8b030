// Layers of random graphs that passes look for, and their near misses.
import type { GraphBuilder } from "../../src/graph/ir/builder.ts";
import type { Value } from "../../src/graph/ir/graph.ts";
import { conv2d, convTranspose2d } from "../../src/ops/conv/conv2d.ts";
import { hardSwish, leakyRelu, relu, sigmoid } from "../../src/ops/elementwise/activations.ts";
import { add, mul } from "../../src/ops/elementwise/arithmetic.ts";
import { cast } from "../../src/ops/elementwise/cast.ts";
import { batchNorm } from "../../src/ops/norm/batch-norm.ts";
import { batchNormTraining } from "../../src/ops/norm/batch-norm-training.ts";
import { maxPool2d } from "../../src/ops/pool/max-pool.ts";
import { shapesEqual } from "../../src/tensor.ts";
import type { Growth, Layer } from "./random-graph.ts";

const channelsOf = ({ type }: Value): number => type.shape[1]!;

/** Convolutions in all forms, normalized, scaled, shifted, activated and added to, one after the other and across. */
export const passLayers: readonly Layer[] = [
  convolution,
  convolution,
  transposed,
  normalized,
  scaledOrShifted,
  scaledOrShifted,
  activated,
  activated,
  added,
  pooled,
  trained,
];

/** Mostly convolutions, factors and terms. */
export const scalarLayers: readonly Layer[] = [
  ...Array.from({ length: 6 }, () => convolution),
  ...Array.from({ length: 18 }, () => scaledOrShifted),
  transposed,
  normalized,
];

function convolution({ b, i, random, pick, recent }: Growth): Value {
  const x = recent();
  const [channels, kernel] = [channelsOf(x), pick([1, 3])];
  const isDepthwise = random() < 0.3;
  const outChannels = isDepthwise ? channels : pick([2, 4, 6]);
  // Shared by all convolutions of this kind.
  const name = random() < 0.3 ? `shared${channels}to${outChannels}k${kernel}${isDepthwise ? "d" : ""}` : `own${i}`;
  const weight = b.parameter(`${name}.weight`, [outChannels, isDepthwise ? 1 : channels, kernel, kernel]);
  const bias = random() < 0.6 ? b.parameter(`${name}.bias`, [outChannels]) : undefined;
  const given = { padding: (kernel - 1) / 2, groups: isDepthwise ? channels : 1 };
  return b.apply(conv2d, [x, weight], given, { name: `convolution${i}`, ...(bias && { bias }) });
}

function transposed({ b, i, pick, recent }: Growth): Value {
  const x = recent();
  const outChannels = pick([2, 4]);
  const weight = b.parameter(`transposed${i}.weight`, [channelsOf(x), outChannels, 3, 3]);
  const bias = b.parameter(`transposed${i}.bias`, [outChannels]);
  return b.apply(convTranspose2d, [x, weight], { padding: 1 }, { name: `transposed${i}`, bias });
}

function normalized({ b, i, recent }: Growth): Value {
  const x = recent();
  const fields = ["weight", "bias", "running_mean", "running_var"];
  const statistics = fields.map((field) => b.parameter(`norm${i}.${field}`, [channelsOf(x)]));
  return b.apply(batchNorm, [x, ...statistics], {}, { name: `norm${i}` });
}

/** By a scalar that is known before the run, or almost. */
function scaledOrShifted({ b, i, random, pick, recent }: Growth): Value {
  const x = recent();
  const shape = pick([[1], [1], [], [channelsOf(x), 1, 1], [1, 1, 1, 1]]);
  const own = b.parameter(`scalar${i}`, shape);
  const squared = random() < 0.3 ? b.apply(mul, [own, own], {}, { name: `scalar${i}.squared` }) : own;
  return b.apply(pick([add, mul]), pick([true, false]) ? [squared, x] : [x, squared], {}, { name: `affine${i}` });
}

function activated({ b, i, pick, recent }: Growth): Value {
  const name = `activated${i}`;
  return b.apply(pick([relu, sigmoid, hardSwish, leakyRelu]), [recent()], {}, { name });
}

/** Of two values, or of one with itself. */
function added({ b, i, pick, recent, values }: Growth): Value {
  const x = recent();
  const same = values.filter(({ type }) => shapesEqual(type.shape, x.type.shape));
  return b.apply(add, pick([true, false]) ? [x, pick(same)] : [pick(same), x], {}, { name: `added${i}` });
}

/** Once or twice, with indices or without. */
export function pooled({ b, i, random, recent }: Growth): Value {
  const x = recent();
  const window = { kernel: 3, stride: 1, padding: 1 };
  const [maximum, indices] = b.applyAll(maxPool2d, [x], { ...window, indices: random() < 0.5 }, { name: `pool${i}` });
  const again = random() < 0.7 ? pooledAgain(b, i, x) : undefined;
  const terms = [maximum!, ...(again ?? []), ...(indices ? [widened(b, `indices${i}`, indices)] : [])];
  return terms.reduce((sum, term, k) => b.apply(add, [sum, term], {}, { name: `pooled${i}.${k}` }));
}

function pooledAgain(b: GraphBuilder, i: number, x: Value): readonly Value[] {
  const window = { kernel: 3, stride: 1, padding: 1 };
  const [maximum, indices] = b.applyAll(maxPool2d, [x], { ...window, indices: true }, { name: `again${i}` });
  const other = b.apply(maxPool2d, [x], { ...window, kernel: 2, dilation: 2 }, { name: `other${i}` });
  return [maximum!, widened(b, `where${i}`, indices!), other];
}

function widened(b: GraphBuilder, name: string, x: Value): Value {
  return b.apply(cast, [x], { to: "f32" }, { name });
}

/** Normalized by statistics of its own, which others read too. */
function trained({ b, i, random, recent }: Growth): Value {
  const x = recent();
  const vectors = ["weight", "bias"].map((field) => b.parameter(`trained${i}.${field}`, [channelsOf(x)]));
  const [y, mean] = b.applyAll(batchNormTraining, [x, ...vectors], {}, { name: `trained${i}` });
  if (random() < 0.5) b.output(`mean${i}`, mean!);
  return y!;
}
