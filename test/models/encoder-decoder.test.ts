// Encoders and decoders by their shapes alone: parameters of the public versions, and every pair that fits.
import { expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/ir/builder.ts";
import { encodersFor } from "../../src/models/decoders/decoder.ts";
import { decoders } from "../../src/models/decoders/index.ts";
import { type EncoderName, encoders } from "../../src/models/encoders/index.ts";
import { inspectGraph } from "../../src/models/inspect.ts";
import type { Shape } from "../../src/tensor.ts";

const [height, width] = [64, 96];

function features(b: GraphBuilder, name: EncoderName, multiplier: number) {
  return encoders[name].features(b, b.input("image", [1, 3, height, width]), { width: multiplier, prefix: "" });
}

// Parameters of torchvision's versions without their classifiers; of Inception-v4, 42,679,816 without its last layer.
test.each<[EncoderName, number, number[]]>([
  ["vgg11", 9_220_480, [64, 128, 256, 512, 512, 512]],
  ["vgg11-bn", 9_225_984, [64, 128, 256, 512, 512, 512]],
  ["vgg16", 14_714_688, [64, 128, 256, 512, 512, 512]],
  ["vgg16-bn", 14_723_136, [64, 128, 256, 512, 512, 512]],
  ["resnet18", 11_689_512 - 513_000, [64, 64, 128, 256, 512]],
  ["resnet34", 21_797_672 - 513_000, [64, 64, 128, 256, 512]],
  ["resnet50", 25_557_032 - 2_049_000, [64, 256, 512, 1024, 2048]],
  ["inception-v4", 42_679_816 - 1_537_000, [64, 192, 384, 1024, 1536]],
  ["xception65-8", 37_867_312, [64, 256, 2048]],
  ["xception65-16", 37_867_312, [64, 256, 728, 2048]],
])("%s has its parameters, and its features their sizes", (name, count, channels) => {
  const b = new GraphBuilder();
  const all = features(b, name, 1);
  all.forEach((value, i) => {
    b.output(`${i}`, value);
  });
  const shapes = encoders[name].strides.map((stride, i): Shape => [1, channels[i]!, height / stride, width / stride]);
  expect(all.map(({ type }) => type.shape)).toEqual(shapes);
  expect(inspectGraph(b.build()).parameters).toBe(count);
});

const halving: EncoderName[] = [
  "vgg11",
  "vgg11-bn",
  "vgg16",
  "vgg16-bn",
  "resnet18",
  "resnet34",
  "resnet50",
  "inception-v4",
];
const all: EncoderName[] = [...halving, "xception65-8", "xception65-16"];

/** Which decoder takes which encoder, and the size of what it gives: 1 / the number of the image's. */
const table: Record<keyof typeof decoders, readonly [takes: EncoderName[], finest: number]> = {
  added: [halving, 2],
  concat: [halving, 2],
  deeplab: [all, 4],
  fpn: [halving, 4],
  linknet: [halving, 1],
  pspnet: [all, 8],
  unet: [halving, 1],
};

for (const [name, decoder] of Object.entries(decoders)) {
  const [takes, finest] = table[name as keyof typeof decoders];
  test(`the decoder ${name} takes its encoders`, () => {
    const picks = encodersFor(decoder);
    expect([...picks.keys()].toSorted()).toEqual(takes.toSorted());
    for (const [encoder, strides] of picks) {
      const b = new GraphBuilder();
      const given = features(b, encoder, 1 / 16);
      const wanted = strides.map((stride) => given[encoders[encoder].strides.indexOf(stride)]!);
      const { shape } = decoder.build(b, wanted, 1 / 16).type;
      expect(shape.slice(2), `${encoder} and ${name}`).toEqual([height / finest, width / finest]);
    }
  });
}
