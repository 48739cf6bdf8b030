// A small U-Net on volumes, the twin of `UNet3d` in steps.py: parameter names are those of its state_dict.
import type { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Value } from "../../../src/graph/ir/graph.ts";
import { channelsOf, normRelu } from "../../../src/models/blocks/layers.ts";
import { conv3d, convTranspose3d } from "../../../src/ops/conv/conv3d.ts";
import { concat } from "../../../src/ops/move/concat.ts";
import { maxPool3d } from "../../../src/ops/pool/max-pool.ts";

export interface UNet3dOptions {
  readonly classes: number;
  /** Channels of the first level; each level below has twice as many. */
  readonly width: number;
}

/** volume [N, C, D, H, W], sizes multiples of 4, to logits [N, classes, D, H, W]. */
export function unet3d(b: GraphBuilder, volume: Value, { classes, width }: UNet3dOptions): Value {
  const first = unit(b, "encoder1", volume, width);
  const second = unit(b, "encoder2", b.apply(maxPool3d, [first], { kernel: 2, stride: 2 }), 2 * width);
  const bottom = unit(b, "bottom", b.apply(maxPool3d, [second], { kernel: 2, stride: 2 }), 4 * width);
  const middle = unit(b, "decoder2", b.apply(concat, [up(b, "up2", bottom), second], {}), 2 * width);
  const last = unit(b, "decoder1", b.apply(concat, [up(b, "up1", middle), first], {}), width);
  const weight = b.parameter("head.weight", [classes, width, 1, 1, 1]);
  return b.apply(conv3d, [last, weight], {}, { name: "head", bias: b.parameter("head.bias", [classes]) });
}

/** `name.conv` 3x3x3 without bias, `name.bn`, ReLU. */
function unit(b: GraphBuilder, name: string, x: Value, outChannels: number): Value {
  const weight = b.parameter(`${name}.conv.weight`, [outChannels, channelsOf(x), 3, 3, 3]);
  return normRelu(b, `${name}.bn`, b.apply(conv3d, [x, weight], { padding: 1 }, { name: `${name}.conv` }));
}

/** Twice the size, half the channels. */
function up(b: GraphBuilder, name: string, x: Value): Value {
  const half = channelsOf(x) / 2;
  const weight = b.parameter(`${name}.weight`, [channelsOf(x), half, 2, 2, 2]);
  return b.apply(convTranspose3d, [x, weight], { stride: 2 }, { name, bias: b.parameter(`${name}.bias`, [half]) });
}
