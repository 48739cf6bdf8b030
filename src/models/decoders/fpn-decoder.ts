// The feature pyramid decoder of segmentation_models.pytorch, under its names.
// Source: Kirillov et al. 2019; https://github.com/qubvel/segmentation_models.pytorch, `decoders/fpn`.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { relu } from "../../ops/elementwise/activations.ts";
import { add } from "../../ops/elementwise/arithmetic.ts";
import { groupNorm } from "../../ops/norm/normalization.ts";
import { resize2d } from "../../ops/sample/resize.ts";
import { conv, scaleChannels } from "../blocks/layers.ts";
import { type Decoder, pickExactly } from "./decoder.ts";

/** Features at 1/4, 1/8, 1/16 and 1/32 to [N, 128, H/4, W/4]: a pyramid of 256 channels, whose levels are raised to one size and added. */
export const fpnDecoder: Decoder = {
  pick: pickExactly([4, 8, 16, 32]),
  build(b, features, width) {
    const pyramid: Value[] = [];
    for (const [i, feature] of features.toReversed().entries()) {
      const name = i === 0 ? "decoder.p5" : `decoder.p${5 - i}.skip_conv`;
      const lateral = conv(b, name, feature, { kernel: 1, outChannels: scaleChannels(256, width), bias: true });
      const above = pyramid.at(-1);
      pyramid.push(
        above ? sum(b, `decoder.p${5 - i}`, double(b, above, `decoder.p${5 - i}.up`, "nearest"), lateral) : lateral,
      );
    }
    const levels = pyramid.map((x, i) => segmentationBlock(b, `decoder.seg_blocks.${i}.block`, x, 3 - i, width));
    return levels.reduce((below, level, i) => sum(b, `decoder.merge.${i}`, below, level));
  },
};

/** 3x3 convolutions with group norm and ReLU, each then doubled, `ups` times; one without doubling where that is 0. */
function segmentationBlock(b: GraphBuilder, name: string, x: Value, ups: number, width: number): Value {
  // Four channels to a group at every width: 32 groups of 128 channels.
  const groups = scaleChannels(32, width);
  const outChannels = 4 * groups;
  let result = x;
  for (let i = 0; i < Math.max(1, ups); i++) {
    const unit = `${name}.${i}.block`;
    const spread = conv(b, `${unit}.0`, result, { kernel: 3, outChannels, padding: 1 });
    const affine = ["weight", "bias"].map((field) => b.parameter(`${unit}.1.${field}`, [outChannels]));
    const normed = b.apply(groupNorm, [spread, ...affine], { groups }, { name: `${unit}.1` });
    const active = b.apply(relu, [normed], {}, { name: `${unit}.2` });
    result = ups > 0 ? double(b, active, `${name}.${i}.up`, "bilinear") : active;
  }
  return result;
}

function sum(b: GraphBuilder, name: string, x: Value, y: Value): Value {
  return b.apply(add, [x, y], {}, { name });
}

function double(b: GraphBuilder, x: Value, name: string, mode: "nearest" | "bilinear"): Value {
  const coordinates = mode === "bilinear" ? "align-corners" : "asymmetric";
  return b.apply(resize2d, [x], { scale: 2, mode, coordinates }, { name });
}
