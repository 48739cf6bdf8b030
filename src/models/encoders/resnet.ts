// The ResNet encoders under torchvision's names (layer1.0.conv1.weight, ...).
// Source: He et al. 2016; https://pytorch.org/vision/stable/models/resnet.html

import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { relu } from "../../ops/elementwise/activations.ts";
import { add } from "../../ops/elementwise/arithmetic.ts";
import { maxPool2d } from "../../ops/pool/max-pool.ts";
import { channelsOf, conv, norm, normRelu, scaleChannels } from "../blocks/layers.ts";
import type { Encoder } from "./encoder.ts";

/** Feature maps of an image [N, C, H, W]; channel counts of ResNet-18 and 34, before the width multiplier. */
export interface ResNetFeatures {
  /** [N, 64, H/2, W/2], before the max pool. */
  readonly stem: Value;
  /** [N, 64, H/4, W/4] */
  readonly layer1: Value;
  /** [N, 128, H/8, W/8] */
  readonly layer2: Value;
  /** [N, 256, H/16, W/16] */
  readonly layer3: Value;
  /** [N, 512, H/32, W/32] */
  readonly layer4: Value;
}

type Block = (b: GraphBuilder, name: string, x: Value, channels: number, stride: number) => Value;

/** What ResNets differ in. Bottleneck blocks end in four times the channels: 256, 512, 1024, 2048. */
interface Plan {
  readonly block: Block;
  /** Blocks of each layer. */
  readonly depths: readonly [number, number, number, number];
}

/** Names of the modules; layers are numbered from 1. */
interface ResNetNames {
  readonly conv: string;
  readonly norm: string;
  readonly pool: string;
  readonly layer: string;
}

const plan18: Plan = { block: basicBlock, depths: [2, 2, 2, 2] };
const plan34: Plan = { block: basicBlock, depths: [3, 4, 6, 3] };
const plan50: Plan = { block: bottleneckBlock, depths: [3, 4, 6, 3] };

/** Appends ResNet-18 to a graph. `width` multiplies every channel count. */
export function resnet18(b: GraphBuilder, image: Value, width: number): ResNetFeatures {
  return resnet(b, image, plan18, width, torchvision(""));
}

/** As {@link resnet18}, with 34 layers and modules of other names. */
export function resnet34(b: GraphBuilder, image: Value, width: number, names: ResNetNames): ResNetFeatures {
  return resnet(b, image, plan34, width, names);
}

export const resnet18Encoder: Encoder = encoder(plan18);
export const resnet34Encoder: Encoder = encoder(plan34);
export const resnet50Encoder: Encoder = encoder(plan50);

function encoder(plan: Plan): Encoder {
  return {
    strides: [2, 4, 8, 16, 32],
    features: (b, image, { width, prefix }) => Object.values(resnet(b, image, plan, width, torchvision(prefix))),
  };
}

function torchvision(prefix: string): ResNetNames {
  return { conv: `${prefix}conv1`, norm: `${prefix}bn1`, pool: `${prefix}maxpool`, layer: `${prefix}layer` };
}

function resnet(b: GraphBuilder, image: Value, plan: Plan, width: number, names: ResNetNames): ResNetFeatures {
  const scaled = (channels: number) => scaleChannels(channels, width);
  const stemConv = conv(b, names.conv, image, { kernel: 7, outChannels: scaled(64), stride: 2, padding: 3 });
  const stem = normRelu(b, names.norm, stemConv);
  const pooled = b.apply(maxPool2d, [stem], { kernel: 3, stride: 2, padding: 1 }, { name: names.pool });
  const layer = (x: Value, index: 0 | 1 | 2 | 3) => {
    const name = `${names.layer}${index + 1}`;
    const channels = scaled(64 * 2 ** index);
    return Array.from({ length: plan.depths[index] }).reduce<Value>(
      (below, _, i) => plan.block(b, `${name}.${i}`, below, channels, i === 0 && index > 0 ? 2 : 1),
      x,
    );
  };
  const layer1 = layer(pooled, 0);
  const layer2 = layer(layer1, 1);
  const layer3 = layer(layer2, 2);
  return { stem, layer1, layer2, layer3, layer4: layer(layer3, 3) };
}

/** relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)) */
function basicBlock(b: GraphBuilder, name: string, x: Value, outChannels: number, stride: number): Value {
  const identity = shortcut(b, name, x, outChannels, stride);
  const first = conv(b, `${name}.conv1`, x, { kernel: 3, outChannels, stride, padding: 1 });
  const middle = normRelu(b, `${name}.bn1`, first);
  const second = conv(b, `${name}.conv2`, middle, { kernel: 3, outChannels, padding: 1 });
  return join(b, name, norm(b, `${name}.bn2`, second), identity);
}

/** 1x1, 3x3 with the stride, 1x1 to four times the channels; as torchvision, which differs from the paper in the stride's place. */
function bottleneckBlock(b: GraphBuilder, name: string, x: Value, channels: number, stride: number): Value {
  const outChannels = 4 * channels;
  const identity = shortcut(b, name, x, outChannels, stride);
  const squeezed = normRelu(b, `${name}.bn1`, conv(b, `${name}.conv1`, x, { kernel: 1, outChannels: channels }));
  const spread = conv(b, `${name}.conv2`, squeezed, { kernel: 3, outChannels: channels, stride, padding: 1 });
  const raised = conv(b, `${name}.conv3`, normRelu(b, `${name}.bn2`, spread), { kernel: 1, outChannels });
  return join(b, name, norm(b, `${name}.bn3`, raised), identity);
}

/** x, or where the shape changes a 1x1 convolution of it. */
function shortcut(b: GraphBuilder, name: string, x: Value, outChannels: number, stride: number): Value {
  if (stride === 1 && channelsOf(x) === outChannels) return x;
  return norm(b, `${name}.downsample.1`, conv(b, `${name}.downsample.0`, x, { kernel: 1, outChannels, stride }));
}

function join(b: GraphBuilder, name: string, x: Value, identity: Value): Value {
  return b.apply(relu, [b.apply(add, [x, identity], {}, { name: `${name}.add` })], {}, { name });
}
