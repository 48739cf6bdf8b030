// Pyramid pooling, the decoder of PSPNet in segmentation_models.pytorch, under its names.
// Source: Zhao et al. 2017; https://github.com/qubvel/segmentation_models.pytorch, `decoders/pspnet`.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { relu } from "../../ops/elementwise/activations.ts";
import { concat } from "../../ops/move/concat.ts";
import { adaptiveAveragePool2d } from "../../ops/pool/adaptive-average-pool.ts";
import { resize2d } from "../../ops/sample/resize.ts";
import { convUnit } from "../blocks/conv-unit.ts";
import { channelsOf, conv, scaleChannels } from "../blocks/layers.ts";
import { type Decoder, pickExactly } from "./decoder.ts";

const bins = [1, 2, 3, 6];

/** The feature at 1/8 to [N, 512, H/8, W/8]: averages over 1, 2x2, 3x3 and 6x6 bins beside it, joined by a 1x1 convolution. */
export const pspnetDecoder: Decoder = {
  pick: pickExactly([8]),
  build(b, features, width) {
    const [x] = features as [Value];
    const branches = bins.map((bin, i) => pooled(b, `decoder.psp.blocks.${i}.pool`, x, bin));
    const joined = b.apply(concat, [...branches, x], {}, { name: "decoder.psp" });
    return convUnit(b, "decoder.conv", joined, 1, scaleChannels(512, width));
  },
};

/** Averages over bins, to a quarter of the channels, back to the size of x. A single bin has a bias for batch norm. */
function pooled(b: GraphBuilder, name: string, x: Value, bin: number): Value {
  const outChannels = Math.max(1, Math.floor(channelsOf(x) / bins.length));
  const averages = b.apply(adaptiveAveragePool2d, [x], { outputSize: bin }, { name: `${name}.0` });
  const unit =
    bin === 1
      ? b.apply(
          relu,
          [conv(b, `${name}.1.0`, averages, { kernel: 1, outChannels, bias: true })],
          {},
          { name: `${name}.1` },
        )
      : convUnit(b, `${name}.1`, averages, 1, outChannels);
  const size = x.type.shape.slice(2) as [number, number];
  return b.apply(resize2d, [unit], { size, mode: "bilinear", coordinates: "align-corners" }, { name: `${name}.up` });
}
