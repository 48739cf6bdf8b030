// Atrous spatial pyramid pooling and the decoder of DeepLabv3+, under the names of the public Keras version.
// Source: Chen et al. 2018; https://github.com/bonlime/keras-deeplab-v3-plus, `model.py`.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { concat } from "../../ops/move/concat.ts";
import { adaptiveAveragePool2d } from "../../ops/pool/adaptive-average-pool.ts";
import { resize2d } from "../../ops/sample/resize.ts";
import { conv, normRelu, scaleChannels } from "../blocks/layers.ts";
import { separableConv } from "../blocks/separable.ts";
import type { Decoder } from "./decoder.ts";

/** Of every batch norm here; the encoder has another. */
const eps = 1e-5;

/** The feature at 1/4 and the encoder's last up to 1/16 to [N, 256, H/4, W/4]. Dilations are 12, 24, 36 at 1/8, half of that at 1/16. */
export const deeplabDecoder: Decoder = {
  pick(strides) {
    const last = strides.findLast((stride) => stride <= 16);
    return strides.includes(4) && (last === 8 || last === 16) ? [4, last] : undefined;
  },
  build(b, features, width) {
    const [quarter, last] = features as [Value, Value];
    const scaled = (channels: number) => scaleChannels(channels, width);
    const isEighth = last.type.shape[2]! * 2 === quarter.type.shape[2];
    const pyramid = poolPyramid(b, last, isEighth ? [12, 24, 36] : [6, 12, 18], scaled(256));
    const fine = pointwise(b, "feature_projection0", quarter, scaled(48));
    const joined = b.apply(concat, [resizeTo(b, "decoder.up", pyramid, quarter), fine], {}, { name: "decoder.skip" });
    const spec = { outChannels: scaled(256), activation: "after", eps } as const;
    return separableConv(b, "decoder_conv1", separableConv(b, "decoder_conv0", joined, spec), spec);
  },
};

/** The average of the whole map, a 1x1 and three separable atrous convolutions, joined by another 1x1. */
function poolPyramid(b: GraphBuilder, x: Value, dilations: readonly number[], outChannels: number): Value {
  const average = b.apply(adaptiveAveragePool2d, [x], { outputSize: 1 }, { name: "image_pooling.average" });
  const branches = [
    resizeTo(b, "image_pooling.up", pointwise(b, "image_pooling", average, outChannels), x),
    pointwise(b, "aspp0", x, outChannels),
    ...dilations.map((dilation, i) =>
      separableConv(b, `aspp${i + 1}`, x, { outChannels, dilation, activation: "after", eps }),
    ),
  ];
  return pointwise(b, "concat_projection", b.apply(concat, branches, {}, { name: "aspp" }), outChannels);
}

/** `name` 1x1, `name_BN`, ReLU. */
function pointwise(b: GraphBuilder, name: string, x: Value, outChannels: number): Value {
  return normRelu(b, `${name}_BN`, conv(b, name, x, { kernel: 1, outChannels }), undefined, eps);
}

/** To the height and width of `like`. */
function resizeTo(b: GraphBuilder, name: string, x: Value, like: Value): Value {
  const size = like.type.shape.slice(2) as [number, number];
  return b.apply(resize2d, [x], { size, mode: "bilinear", coordinates: "align-corners" }, { name });
}
