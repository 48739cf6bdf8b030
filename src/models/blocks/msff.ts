// Multi-scale feature fusion, the bottleneck of MSFF-ResNet18.
// Source: the lumbar-spine MSFF paper; choices where it is silent are those of its PyTorch twin.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { concat } from "../../ops/move/concat.ts";
import { averagePool2d } from "../../ops/pool/average-pool.ts";
import { resize2d } from "../../ops/sample/resize.ts";
import { channelsOf, conv, normRelu } from "./layers.ts";

export interface FusionOptions {
  /** Channels of each branch. */
  readonly branchChannels: number;
  /** Dilations of the atrous branches. */
  readonly rates: readonly number[];
  /** Kernels (and strides) of the average-pool branches. */
  readonly pools: readonly number[];
}

/** Parallel branches on [N, C, H, W], concatenated and projected back to C channels. H and W are at least the largest pool. */
export function fuseScales(b: GraphBuilder, x: Value, { branchChannels, rates, pools }: FusionOptions): Value {
  const branches = [
    ...rates.map((rate, i) => atrousBranch(b, `msff.atrous.${i}`, x, branchChannels, rate)),
    convUnit(b, "msff.pointwise", x, branchChannels),
    ...pools.map((kernel, i) => poolBranch(b, `msff.pools.${i}`, x, branchChannels, kernel)),
  ];
  return projectScales(b, b.apply(concat, branches, {}, { name: "msff.concat" }), channelsOf(x));
}

/** What joins the branches; on its own the paper's ablation of the fusion. */
export function projectScales(b: GraphBuilder, x: Value, outChannels: number): Value {
  return convUnit(b, "msff.project", x, outChannels, "msff");
}

/** 1x1, depthwise 3x3 at a dilation, 1x1; each with batch norm and ReLU. */
function atrousBranch(b: GraphBuilder, name: string, x: Value, outChannels: number, rate: number): Value {
  const reduced = normRelu(b, `${name}.bn1`, conv(b, `${name}.reduce`, x, { kernel: 1, outChannels }));
  const spread = conv(b, `${name}.depthwise`, reduced, {
    kernel: 3,
    outChannels,
    groups: outChannels,
    dilation: rate,
    padding: rate,
  });
  const pointwise = conv(b, `${name}.pointwise`, normRelu(b, `${name}.bn2`, spread), { kernel: 1, outChannels });
  return normRelu(b, `${name}.bn3`, pointwise);
}

function poolBranch(b: GraphBuilder, name: string, x: Value, outChannels: number, kernel: number): Value {
  const pooled = b.apply(averagePool2d, [x], { kernel, stride: kernel }, { name: `${name}.pool` });
  const size = x.type.shape.slice(2) as [number, number];
  const unit = convUnit(b, name, pooled, outChannels);
  return b.apply(resize2d, [unit], { size, mode: "bilinear" }, { name: `${name}.resize` });
}

/** `name.conv` 1x1, `name.bn`, ReLU. */
function convUnit(b: GraphBuilder, name: string, x: Value, outChannels: number, output = `${name}.relu`): Value {
  return normRelu(b, `${name}.bn`, conv(b, `${name}.conv`, x, { kernel: 1, outChannels }), output);
}
