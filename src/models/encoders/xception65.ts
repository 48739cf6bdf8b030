// The Xception-65 encoder of DeepLabv3+, at stride 8 or 16, under the names of the public Keras version.
// Source: Chen et al. 2018; https://github.com/bonlime/keras-deeplab-v3-plus, `model.py`.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { add } from "../../ops/elementwise/arithmetic.ts";
import { conv, norm, normRelu, scaleChannels } from "../blocks/layers.ts";
import { type SeparableSpec, separableConv } from "../blocks/separable.ts";
import type { Encoder } from "./encoder.ts";

/** Of every batch norm: Keras's default. */
const eps = 1e-3;

export const xception65Stride8: Encoder = encoder(8);
export const xception65Stride16: Encoder = encoder(16);

interface BlockSpec extends Pick<SeparableSpec, "activation"> {
  readonly name: string;
  readonly channels: readonly [number, number, number];
  /** Of the last of its three convolutions. */
  readonly stride: number;
  readonly dilation: number;
  /** What is added: a 1x1 convolution of the input, the input, or nothing. */
  readonly shortcut: "conv" | "sum" | "none";
}

function encoder(last: 8 | 16): Encoder {
  const isAtrous = last === 8;
  return {
    strides: isAtrous ? [2, 4, 8] : [2, 4, 8, 16],
    features(b, image, { width, prefix }) {
      const run = (x: Value, spec: BlockSpec) => {
        const scaled = spec.channels.map((count) => scaleChannels(count, width));
        return block(b, x, { ...spec, name: prefix + spec.name }, scaled);
      };
      const stem = entry(b, prefix, image, width);
      const one = run(stem, blockSpec("entry_flow_block1", [128, 128, 128], { stride: 2 })).output;
      const two = run(one, blockSpec("entry_flow_block2", [256, 256, 256], { stride: 2 }));
      const three = run(two.output, blockSpec("entry_flow_block3", [728, 728, 728], { stride: isAtrous ? 1 : 2 }));
      let x = three.output;
      for (let unit = 1; unit <= 16; unit++) {
        const dilation = isAtrous ? 2 : 1;
        x = run(x, blockSpec(`middle_flow_unit_${unit}`, [728, 728, 728], { dilation, shortcut: "sum" })).output;
      }
      x = run(x, blockSpec("exit_flow_block1", [728, 1024, 1024], { dilation: isAtrous ? 2 : 1 })).output;
      const exit = { dilation: isAtrous ? 4 : 2, shortcut: "none", activation: "after" } as const;
      x = run(x, blockSpec("exit_flow_block2", [1536, 1536, 2048], exit)).output;
      return isAtrous ? [stem, two.skip, x] : [stem, two.skip, three.skip, x];
    },
  };
}

function blockSpec(
  name: string,
  channels: BlockSpec["channels"],
  { stride = 1, dilation = 1, shortcut = "conv", activation = "before" }: Partial<BlockSpec>,
): BlockSpec {
  return { name, channels, stride, dilation, shortcut, activation };
}

/** Two 3x3 convolutions. The first pads below and on the right alone, as TensorFlow does for even sizes. */
function entry(b: GraphBuilder, prefix: string, image: Value, width: number): Value {
  const [first, second] = [`${prefix}entry_flow_conv1_1`, `${prefix}entry_flow_conv1_2`];
  const halved = conv(b, first, image, {
    kernel: 3,
    outChannels: scaleChannels(32, width),
    stride: 2,
    padding: [0, 0, 1, 1],
  });
  const x = normRelu(b, `${first}_BN`, halved, undefined, eps);
  const spread = conv(b, second, x, { kernel: 3, outChannels: scaleChannels(64, width), padding: 1 });
  return normRelu(b, `${second}_BN`, spread, undefined, eps);
}

/** Three separable convolutions and a shortcut. `skip` is what the second gives, of the input's size. */
function block(
  b: GraphBuilder,
  x: Value,
  spec: BlockSpec,
  channels: readonly number[],
): { output: Value; skip: Value } {
  const { name, stride, dilation, activation, shortcut } = spec;
  const separable = (value: Value, index: number) => {
    const given = { outChannels: channels[index]!, stride: index === 2 ? stride : 1, dilation, activation, eps };
    return separableConv(b, `${name}_separable_conv${index + 1}`, value, given);
  };
  const skip = separable(separable(x, 0), 1);
  const last = separable(skip, 2);
  if (shortcut === "none") return { output: last, skip };
  const identity =
    shortcut === "sum"
      ? x
      : norm(
          b,
          `${name}_shortcut_BN`,
          conv(b, `${name}_shortcut`, x, { kernel: 1, outChannels: channels[2]!, stride }),
          eps,
        );
  return { output: b.apply(add, [last, identity], {}, { name }), skip };
}
