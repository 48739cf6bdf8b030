// The ResNet-18 encoder under torchvision's names (layer1.0.conv1.weight, ...).
// Source: He et al. 2016; https://pytorch.org/vision/stable/models/resnet.html

import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { relu } from "../../ops/elementwise/activations.ts";
import { add } from "../../ops/elementwise/arithmetic.ts";
import { maxPool2d } from "../../ops/pool/max-pool.ts";
import { channelsOf, conv, norm, normRelu, scaleChannels } from "../blocks/layers.ts";

/** Feature maps of an image [N, C, H, W]; channel counts before the width multiplier. */
export interface ResNet18Features {
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

/** Appends the encoder to a graph. `width` multiplies every channel count. */
export function resnet18(b: GraphBuilder, image: Value, width: number): ResNet18Features {
  const scaled = (channels: number) => scaleChannels(channels, width);
  const stemConv = conv(b, "conv1", image, { kernel: 7, outChannels: scaled(64), stride: 2, padding: 3 });
  const stem = b.apply(relu, [norm(b, "bn1", stemConv)], {}, { name: "relu" });
  const pooled = b.apply(maxPool2d, [stem], { kernel: 3, stride: 2, padding: 1 }, { name: "maxpool" });
  const layer1 = residualLayer(b, "layer1", pooled, scaled(64), 1);
  const layer2 = residualLayer(b, "layer2", layer1, scaled(128), 2);
  const layer3 = residualLayer(b, "layer3", layer2, scaled(256), 2);
  const layer4 = residualLayer(b, "layer4", layer3, scaled(512), 2);
  return { stem, layer1, layer2, layer3, layer4 };
}

function residualLayer(b: GraphBuilder, name: string, x: Value, outChannels: number, stride: number): Value {
  return basicBlock(b, `${name}.1`, basicBlock(b, `${name}.0`, x, outChannels, stride), outChannels, 1);
}

/** relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)); the shortcut is a 1x1 convolution where the shape changes. */
function basicBlock(b: GraphBuilder, name: string, x: Value, outChannels: number, stride: number): Value {
  const shortcut =
    stride === 1 && channelsOf(x) === outChannels
      ? x
      : norm(b, `${name}.downsample.1`, conv(b, `${name}.downsample.0`, x, { kernel: 1, outChannels, stride }));
  const first = conv(b, `${name}.conv1`, x, { kernel: 3, outChannels, stride, padding: 1 });
  const middle = normRelu(b, `${name}.bn1`, first);
  const second = conv(b, `${name}.conv2`, middle, { kernel: 3, outChannels, padding: 1 });
  const sum = b.apply(add, [norm(b, `${name}.bn2`, second), shortcut], {}, { name: `${name}.add` });
  return b.apply(relu, [sum], {}, { name });
}
