// MSFF-ResNet18: a ResNet-18 encoder, multi-scale feature fusion at the bottleneck, and a decoder with skips.
// Source: the lumbar-spine MSFF paper with size-adaptive loss; choices where it is silent are those of weights/export.
import { ShapeError } from "../../errors.ts";
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { relu } from "../../ops/elementwise/activations.ts";
import { concat } from "../../ops/move/concat.ts";
import { averagePool2d } from "../../ops/pool/average-pool.ts";
import { resize2d } from "../../ops/sample/resize.ts";
import { channelsOf, conv, convTranspose, normRelu, scaleChannels } from "../blocks/layers.ts";
import { resnet18 } from "../encoders/resnet18.ts";
import { type Network, type OptionRules, readOptions } from "../network.ts";

/** Options of `msffResNet18`; channel counts and sizes in pixels. */
export interface MsffResNet18Options {
  /** Channels of the logits. Default 2. */
  readonly classes: number;
  /** Multiplier of all channel counts but those of image and logits. Default 1. */
  readonly width: number;
  /** Channels of the image. Default 3; a grey image is repeated. */
  readonly inChannels: number;
  /** Channels of each MSFF branch. Default 64. */
  readonly branchWidth: number;
  /** Dilations of the atrous branches. Default 1, 3, 5. */
  readonly rates: readonly number[];
  /** Kernels (and strides) of the average-pool branches. Default 2, 3, 4, 5. */
  readonly pools: readonly number[];
  /** False puts a plain 1x1 convolution in place of the fusion, the paper's ablation. Default true. */
  readonly msff: boolean;
}

const channels = { integer: true, from: 1, to: 4096 } as const;
const windows = { integer: true, from: 1, to: 1024 } as const;

const rules: OptionRules<MsffResNet18Options> = {
  classes: { text: "Channels of the logits.", default: 2, range: channels },
  width: {
    text: "Multiplier of all channel counts but those of image and logits.",
    default: 1,
    range: { from: 1 / 64, to: 16 },
  },
  inChannels: { text: "Channels of the image; a grey image is repeated.", default: 3, range: channels },
  branchWidth: { text: "Channels of each MSFF branch, before the width's.", default: 64, range: channels },
  rates: { text: "Dilations of the atrous branches.", default: [1, 3, 5], range: windows },
  pools: { text: "Kernels (and strides) of the average-pool branches.", default: [2, 3, 4, 5], range: windows },
  msff: {
    text: "False puts a plain 1x1 convolution in place of the fusion, the paper's ablation.",
    default: true,
  },
};

/**
 * image [N, inChannels, H, W], H and W multiples of 32, to logits [N, classes, H, W].
 * Throws ShapeError when the image is no multiple of 32 or its bottleneck map is smaller than the largest pool.
 */
export const msffResNet18: Network<MsffResNet18Options> = {
  name: "msff-resnet18",
  rules,
  options: (given, where) => readOptions(given, where, rules),
  build(b, image, options) {
    requireSize(image, options);
    const features = resnet18(b, image, options.width);
    const { stem, layer1, layer2, layer3, layer4 } = features;
    let x = options.msff
      ? fuseScales(b, layer4, options)
      : convUnit(b, "msff.project", layer4, channelsOf(layer4), "msff");
    for (const [name, skip, outChannels] of [
      ["decoder4", layer3, channelsOf(layer3)],
      ["decoder3", layer2, channelsOf(layer2)],
      ["decoder2", layer1, channelsOf(layer1)],
      ["decoder1", stem, channelsOf(stem)],
    ] as const) {
      const up = decoder(b, name, x, outChannels);
      x = b.apply(concat, [up, skip], {}, { name: `${name}.skip` });
    }
    return head(b, x, options);
  },
};

function requireSize(image: Value, { msff, pools }: MsffResNet18Options): void {
  const [, , height, width] = image.type.shape as [number, number, number, number];
  if (height % 32 !== 0 || width % 32 !== 0) {
    throw new ShapeError(`msff-resnet18: the image is ${height}x${width}, expected multiples of 32`);
  }
  const smallest = 32 * (msff ? Math.max(1, ...pools) : 1);
  if (Math.min(height, width) >= smallest) return;
  throw new ShapeError(
    `msff-resnet18: the image is ${height}x${width}, expected at least ${smallest}x${smallest} (32 x the largest pool)`,
  );
}

/** Eight parallel branches on [N, C, h, w], concatenated and projected back to C channels. */
function fuseScales(b: GraphBuilder, x: Value, options: MsffResNet18Options): Value {
  const width = scaleChannels(options.branchWidth, options.width);
  const size = x.type.shape.slice(2) as [number, number];
  const atrous = options.rates.map((rate, i) => {
    const name = `msff.atrous.${i}`;
    const reduced = normRelu(b, `${name}.bn1`, conv(b, `${name}.reduce`, x, { kernel: 1, outChannels: width }));
    const spread = conv(b, `${name}.depthwise`, reduced, {
      kernel: 3,
      outChannels: width,
      groups: width,
      dilation: rate,
      padding: rate,
    });
    const pointwise = conv(b, `${name}.pointwise`, normRelu(b, `${name}.bn2`, spread), {
      kernel: 1,
      outChannels: width,
    });
    return normRelu(b, `${name}.bn3`, pointwise);
  });
  const pools = options.pools.map((kernel, i) => {
    const name = `msff.pools.${i}`;
    const pooled = b.apply(averagePool2d, [x], { kernel, stride: kernel }, { name: `${name}.pool` });
    const unit = convUnit(b, name, pooled, width);
    return b.apply(resize2d, [unit], { size, mode: "bilinear" }, { name: `${name}.resize` });
  });
  const branches = [...atrous, convUnit(b, "msff.pointwise", x, width), ...pools];
  const joined = b.apply(concat, branches, {}, { name: "msff.concat" });
  return convUnit(b, "msff.project", joined, channelsOf(x), "msff");
}

/** `name.conv` 1x1, `name.bn`, ReLU. */
function convUnit(b: GraphBuilder, name: string, x: Value, outChannels: number, output = `${name}.relu`): Value {
  return normRelu(b, `${name}.bn`, conv(b, `${name}.conv`, x, { kernel: 1, outChannels }), output);
}

/** [N, C, h, w] to [N, outChannels, 2h, 2w]. */
function decoder(b: GraphBuilder, name: string, x: Value, outChannels: number): Value {
  const middle = Math.max(1, Math.floor(channelsOf(x) / 4));
  const squeezed = normRelu(b, `${name}.bn1`, conv(b, `${name}.conv1`, x, { kernel: 1, outChannels: middle }));
  const up = convTranspose(b, `${name}.up`, squeezed, { kernel: 3, outChannels: middle, ...doubling });
  const raised = normRelu(b, `${name}.bn2`, up);
  const unit = conv(b, `${name}.conv2`, raised, { kernel: 1, outChannels });
  return normRelu(b, `${name}.bn3`, unit, name);
}

function head(b: GraphBuilder, x: Value, { classes, width }: MsffResNet18Options): Value {
  const middle = scaleChannels(32, width);
  const up = convTranspose(b, "head.up", x, { kernel: 3, outChannels: middle, bias: true, ...doubling });
  const raised = b.apply(relu, [up], {}, { name: "head.up.relu" });
  const refined = conv(b, "head.conv1", raised, { kernel: 3, outChannels: middle, padding: 1 });
  const unit = normRelu(b, "head.bn1", refined);
  return conv(b, "head.conv2", unit, { kernel: 3, outChannels: classes, padding: 1, bias: true });
}

/** With a kernel of 3 this doubles height and width. */
const doubling = { stride: 2, padding: 1, outputPadding: 1 } as const;
