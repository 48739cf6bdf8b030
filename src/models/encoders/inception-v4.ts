// The Inception-v4 encoder under the names of the public PyTorch version (features.3.conv.conv.weight, ...), with all 3x3
// convolutions and pools padded by 1, so that each stage halves exactly.
// Source: Szegedy et al. 2017; https://github.com/qubvel/segmentation_models.pytorch, `inceptionv4`.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { concat } from "../../ops/move/concat.ts";
import { averagePool2d } from "../../ops/pool/average-pool.ts";
import { maxPool2d } from "../../ops/pool/max-pool.ts";
import { conv, normRelu, scaleChannels } from "../blocks/layers.ts";
import type { Encoder } from "./encoder.ts";

/** A convolution of a branch: kernel [rows, columns] and channels, stride 1 where none is given. */
type Unit = readonly [kernel: number | readonly [number, number], channels: number, stride?: number];

export const inceptionV4: Encoder = {
  strides: [2, 4, 8, 16, 32],
  features(b, image, { width, prefix }) {
    const layers = createLayers(b, width);
    const at = (position: number) => `${prefix}features.${position}`;
    let x = layers.unit(at(0), image, [3, 32, 2]);
    x = layers.unit(at(1), x, [3, 32]);
    const stem = layers.unit(at(2), x, [3, 64]);
    x = layers.join(at(3), [layers.halve(`${at(3)}.maxpool`, stem), layers.unit(`${at(3)}.conv`, stem, [3, 96, 2])]);
    const quarter = mixed4a(layers, at(4), x);
    x = layers.join(at(5), [
      layers.unit(`${at(5)}.conv`, quarter, [3, 192, 2]),
      layers.halve(`${at(5)}.maxpool`, quarter),
    ]);
    for (let i = 6; i <= 8; i++) x = inceptionA(layers, at(i), x);
    const eighth = x;
    x = reduce(layers, at(10), inceptionA(layers, at(9), x), [
      [[3, 384, 2]],
      [
        [1, 192],
        [3, 224],
        [3, 256, 2],
      ],
    ]);
    for (let i = 11; i <= 14; i++) x = inceptionB(layers, at(i), x);
    const sixteenth = x;
    for (let i = 15; i <= 17; i++) x = inceptionB(layers, at(i), x);
    x = reduce(layers, at(18), x, [
      [
        [1, 192],
        [3, 192, 2],
      ],
      [
        [1, 256],
        [[1, 7], 256],
        [[7, 1], 320],
        [3, 320, 2],
      ],
    ]);
    for (let i = 19; i <= 21; i++) x = inceptionC(layers, at(i), x);
    return [stem, quarter, eighth, sixteenth, x];
  },
};

type Layers = ReturnType<typeof createLayers>;

function createLayers(b: GraphBuilder, width: number) {
  /** `name.conv` without bias, `name.bn`, ReLU; padded to the input's size / stride. */
  const unit = (name: string, x: Value, [kernel, channels, stride = 1]: Unit): Value => {
    const [rows, columns] = typeof kernel === "number" ? [kernel, kernel] : kernel;
    const spread = conv(b, `${name}.conv`, x, {
      kernel: [rows, columns],
      outChannels: scaleChannels(channels, width),
      stride,
      padding: [(rows - 1) / 2, (columns - 1) / 2],
    });
    return normRelu(b, `${name}.bn`, spread, undefined, 1e-3);
  };
  return {
    unit,
    /** `name.0`, `name.1`, ...; a single unit is `name` itself, as where the public version has no `nn.Sequential`. */
    chain: (name: string, x: Value, units: readonly Unit[]): Value =>
      units.length === 1
        ? unit(name, x, units[0]!)
        : units.reduce((below, spec, i) => unit(`${name}.${i}`, below, spec), x),
    halve: (name: string, x: Value): Value => b.apply(maxPool2d, [x], { kernel: 3, stride: 2, padding: 1 }, { name }),
    /** The average of each pixel's neighbours in the image, then a 1x1 unit `name.1`. */
    average(name: string, x: Value, channels: number): Value {
      const window = { kernel: 3, stride: 1, padding: 1, countIncludePad: false };
      return unit(`${name}.1`, b.apply(averagePool2d, [x], window, { name: `${name}.0` }), [1, channels]);
    },
    join: (name: string, parts: readonly Value[]): Value => b.apply(concat, parts, {}, { name }),
  };
}

function mixed4a(layers: Layers, name: string, x: Value): Value {
  const square = layers.chain(`${name}.branch0`, x, [
    [1, 64],
    [3, 96],
  ]);
  const strips: readonly Unit[] = [
    [1, 64],
    [[1, 7], 64],
    [[7, 1], 64],
    [3, 96],
  ];
  return layers.join(name, [square, layers.chain(`${name}.branch1`, x, strips)]);
}

function inceptionA(layers: Layers, name: string, x: Value): Value {
  return layers.join(name, [
    layers.unit(`${name}.branch0`, x, [1, 96]),
    layers.chain(`${name}.branch1`, x, [
      [1, 64],
      [3, 96],
    ]),
    layers.chain(`${name}.branch2`, x, [
      [1, 64],
      [3, 96],
      [3, 96],
    ]),
    layers.average(`${name}.branch3`, x, 96),
  ]);
}

/** Half the size: two chains of convolutions and a max pool. */
function reduce(layers: Layers, name: string, x: Value, chains: readonly [readonly Unit[], readonly Unit[]]): Value {
  const branches = chains.map((units, i) => layers.chain(`${name}.branch${i}`, x, units));
  return layers.join(name, [...branches, layers.halve(`${name}.branch2`, x)]);
}

function inceptionB(layers: Layers, name: string, x: Value): Value {
  return layers.join(name, [
    layers.unit(`${name}.branch0`, x, [1, 384]),
    layers.chain(`${name}.branch1`, x, [
      [1, 192],
      [[1, 7], 224],
      [[7, 1], 256],
    ]),
    layers.chain(`${name}.branch2`, x, [
      [1, 192],
      [[7, 1], 192],
      [[1, 7], 224],
      [[7, 1], 224],
      [[1, 7], 256],
    ]),
    layers.average(`${name}.branch3`, x, 128),
  ]);
}

function inceptionC(layers: Layers, name: string, x: Value): Value {
  const { unit } = layers;
  const one = unit(`${name}.branch1_0`, x, [1, 384]);
  const narrow = unit(`${name}.branch2_1`, unit(`${name}.branch2_0`, x, [1, 384]), [[3, 1], 448]);
  const two = unit(`${name}.branch2_2`, narrow, [[1, 3], 512]);
  return layers.join(name, [
    unit(`${name}.branch0`, x, [1, 256]),
    unit(`${name}.branch1_1a`, one, [[1, 3], 256]),
    unit(`${name}.branch1_1b`, one, [[3, 1], 256]),
    unit(`${name}.branch2_3a`, two, [[1, 3], 256]),
    unit(`${name}.branch2_3b`, two, [[3, 1], 256]),
    layers.average(`${name}.branch3`, x, 256),
  ]);
}
