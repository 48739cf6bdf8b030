// Networks that are an encoder, a decoder and a head, as segmentation_models.pytorch builds them.

import { resize2d } from "../ops/sample/resize.ts";
import { type DropoutOptions, dropout, dropoutRules } from "./blocks/dropout.ts";
import { conv } from "./blocks/layers.ts";
import { type Decoder, encodersFor } from "./decoders/decoder.ts";
import { type EncoderName, encoders } from "./encoders/index.ts";
import { defineNetwork, type Network, type NetworkOptions, networkRules, resultOfClasses } from "./network.ts";

/** Options of a network with a choice of encoders. */
export interface EncoderDecoderOptions extends NetworkOptions, DropoutOptions {
  /** What turns the image into features. */
  readonly encoder: EncoderName;
}

export interface EncoderDecoderRecord {
  readonly name: string;
  readonly decoder: Decoder;
  /** Default of the option. */
  readonly encoder: EncoderName;
  /** In front of the encoder's names. */
  readonly prefix: string;
  /** The last convolution, to the classes. */
  readonly head: { readonly name: string; readonly kernel: 1 | 3 };
}

/** Makes a network of its parts; the logits are resized to the image with aligned corners where the decoder leaves them smaller. */
export function defineEncoderDecoder(record: EncoderDecoderRecord): Network<EncoderDecoderOptions> {
  const { name, decoder, prefix, head } = record;
  const picks = encodersFor(decoder);
  const others = [...picks.keys()].filter((encoder) => encoder !== record.encoder);
  const picked = ({ encoder }: EncoderDecoderOptions) => picks.get(encoder)!;
  return defineNetwork<EncoderDecoderOptions>({
    name,
    dimensions: 2,
    rules: {
      ...networkRules,
      encoder: {
        text: "What turns the image into features.",
        default: record.encoder,
        words: [record.encoder, ...others],
      },
      // Of FPN and PSPNet the public version drops these, with 0.2 where nothing is said.
      ...dropoutRules("channels of the decoder's result", 0),
    },
    imageSize(options) {
      const multiple = picked(options).at(-1)!;
      return { multiple, least: multiple };
    },
    result: resultOfClasses,
    build(b, image, options) {
      const { strides, features } = encoders[options.encoder];
      const wanted = picked(options);
      const all = features(b, image, { width: options.width, prefix, last: wanted.at(-1)! });
      const taken = wanted.map((stride) => all[strides.indexOf(stride)]!);
      const result = decoder.build(b, taken, options.width);
      const decoded = dropout(b, "decoder.dropout", result, { p: options.dropout, spatial: true });
      const { kernel } = head;
      const scores = conv(b, head.name, decoded, {
        kernel,
        outChannels: options.classes,
        padding: (kernel - 1) / 2,
        bias: true,
      });
      const size = image.type.shape.slice(2) as [number, number];
      if (scores.type.shape[2] === size[0]) return { logits: scores };
      const given = { size, mode: "bilinear", coordinates: "align-corners" } as const;
      return { logits: b.apply(resize2d, [scores], given, { name: "logits" }) };
    },
  });
}
