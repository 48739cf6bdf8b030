import type { ConvWeightGradientAttributes } from "../../../src/ops/conv/weight-call.ts";
import { convWeightGradient } from "../../../src/ops/conv/weight-gradient.ts";
import type { OperatorCase, OperatorCases } from "../../support/operator-cases.ts";

type Sizes = readonly number[];

/** [D, H, W] of an image's or a volume's sizes: an image is one slice. */
function three(sizes: Sizes, missing: number): [number, number, number] {
  return [...(sizes.length === 2 ? [missing] : []), ...sizes] as [number, number, number];
}

/** Padding before the first element along each of three axes. */
function before(padding: Sizes): [number, number, number] {
  return three(padding.slice(0, padding.length / 2), 0);
}

interface WeightCase {
  readonly why: string;
  readonly x: Sizes;
  readonly outChannels: number;
  readonly kernel: Sizes;
  readonly stride?: Sizes;
  readonly padding?: Sizes;
  readonly dilation?: Sizes;
  readonly groups?: number;
  readonly values?: "positive";
}

function weightCase(spec: WeightCase): OperatorCase<ConvWeightGradientAttributes> {
  const { why, x, outChannels, kernel, groups = 1, values = "uniform" } = spec;
  const all = (value: number) => kernel.map(() => value);
  const { stride = all(1), padding = [...all(0), ...all(0)], dilation = all(1) } = spec;
  const rank = kernel.length;
  const outer = kernel.map((taps, axis) => {
    const padded = x[axis + 2]! + padding[axis]! + padding[axis + rank]!;
    return Math.floor((padded - dilation[axis]! * (taps - 1) - 1) / stride[axis]!) + 1;
  });
  const given = { kernel, stride, padding, dilation, groups, parts: 1 } as ConvWeightGradientAttributes;
  const shapes = [x, [x[0]!, outChannels, ...outer]];
  return { why, inputs: shapes.map((shape) => ({ shape, values })), given };
}

export const convWeightGradientCases: OperatorCases<ConvWeightGradientAttributes, ConvWeightGradientAttributes> = {
  operator: convWeightGradient,
  reference([x, gy], attrs) {
    const [items, channels, ...inSizes] = x!.shape as [number, number, ...number[]];
    const [, outChannels, ...outSizes] = gy!.shape as [number, number, ...number[]];
    const [depth, height, width] = three(inSizes, 1);
    const [outDepth, outHeight, outWidth] = three(outSizes, 1);
    const [slices, rows, columns] = three(attrs.kernel, 1);
    const [stride, dilation, padding] = [three(attrs.stride, 1), three(attrs.dilation, 1), before(attrs.padding)];
    const groupChannels = channels / attrs.groups;
    const size = outChannels * groupChannels * slices * rows * columns;
    const data = new Float64Array(attrs.parts * size);
    const magnitude = new Float64Array(data.length);
    let element = 0;
    for (let k = 0; k < outChannels; k++)
      for (let c = 0; c < groupChannels; c++)
        for (let t = 0; t < slices; t++)
          for (let r = 0; r < rows; r++)
            for (let s = 0; s < columns; s++, element++)
              for (let n = 0; n < items; n++)
                for (let z = 0; z < outDepth; z++)
                  for (let p = 0; p < outHeight; p++) {
                    // Rows of the output are dealt to the parts, whose sums alone matter.
                    const place = (((n * outDepth + z) * outHeight + p) % attrs.parts) * size + element;
                    for (let q = 0; q < outWidth; q++) {
                      const d = z * stride[0] + t * dilation[0] - padding[0];
                      const h = p * stride[1] + r * dilation[1] - padding[1];
                      const w = q * stride[2] + s * dilation[2] - padding[2];
                      if (d < 0 || d >= depth || h < 0 || h >= height || w < 0 || w >= width) continue;
                      const channel = Math.floor(k / (outChannels / attrs.groups)) * groupChannels + c;
                      const product =
                        gy!.data[(((n * outChannels + k) * outDepth + z) * outHeight + p) * outWidth + q]! *
                        x!.data[(((n * channels + channel) * depth + d) * height + h) * width + w]!;
                      data[place]! += product;
                      magnitude[place]! += Math.abs(product);
                    }
                  }
    return [{ data, magnitude }];
  },
  cases: [
    weightCase({ why: "1x1 kernel, one pixel", x: [1, 1, 1, 1], outChannels: 1, kernel: [1, 1] }),
    weightCase({
      why: "rows of 4 fit, tiles fit",
      x: [2, 4, 6, 8],
      outChannels: 8,
      kernel: [3, 3],
      padding: [1, 1, 1, 1],
    }),
    weightCase({
      why: "channels for some lanes twice, for others once",
      x: [2, 3, 6, 8],
      outChannels: 12,
      kernel: [3, 3],
      padding: [1, 1, 1, 1],
    }),
    weightCase({
      why: "small odd planes, channels for some lanes only",
      x: [3, 5, 5, 5],
      outChannels: 20,
      kernel: [3, 3],
      padding: [1, 1, 1, 1],
    }),
    weightCase({
      why: "odd planes, groups of 16 channels, stride and dilation",
      x: [2, 4, 13, 15],
      outChannels: 32,
      kernel: [3, 2],
      stride: [2, 1],
      dilation: [1, 3],
      padding: [1, 0, 0, 1],
      groups: 2,
    }),
    weightCase({
      why: "odd volume, 16 channels",
      x: [2, 2, 3, 4, 7],
      outChannels: 16,
      kernel: [3, 3, 3],
      padding: [1, 1, 1, 1, 1, 1],
    }),
    weightCase({
      why: "rows that are no multiple of 4, leftover channels, batch 3",
      x: [3, 3, 7, 13],
      outChannels: 5,
      kernel: [3, 3],
      padding: [1, 1, 1, 1],
    }),
    weightCase({ why: "1x1", x: [2, 6, 5, 12], outChannels: 7, kernel: [1, 1] }),
    weightCase({ why: "1x1, strided", x: [2, 4, 7, 9], outChannels: 6, kernel: [1, 1], stride: [2, 2] }),
    weightCase({
      why: "the stem: 7x7, stride 2",
      x: [1, 3, 20, 22],
      outChannels: 8,
      kernel: [7, 7],
      stride: [2, 2],
      padding: [3, 3, 3, 3],
    }),
    weightCase({
      why: "strides unlike each other, padding on one side",
      x: [2, 2, 11, 14],
      outChannels: 6,
      kernel: [3, 2],
      stride: [3, 2],
      padding: [0, 1, 2, 0],
    }),
    weightCase({
      why: "dilation larger than the image: most taps see padding alone",
      x: [1, 3, 4, 5],
      outChannels: 4,
      kernel: [3, 3],
      padding: [5, 5, 5, 5],
      dilation: [5, 5],
    }),
    weightCase({
      why: "dilations unlike each other",
      x: [1, 4, 9, 16],
      outChannels: 4,
      kernel: [3, 3],
      padding: [2, 3, 2, 3],
      dilation: [2, 3],
    }),
    weightCase({ why: "groups", x: [2, 6, 5, 6], outChannels: 9, kernel: [3, 3], groups: 3 }),
    weightCase({
      why: "depthwise, dilated",
      x: [2, 5, 8, 8],
      outChannels: 5,
      kernel: [3, 3],
      padding: [3, 3, 3, 3],
      dilation: [3, 3],
      groups: 5,
    }),
    weightCase({ why: "kernel as wide as the image", x: [2, 3, 5, 9], outChannels: 2, kernel: [5, 9] }),
    weightCase({
      why: "several workgroups",
      x: [1, 33, 6, 5],
      outChannels: 40,
      kernel: [3, 3],
      padding: [1, 1, 1, 1],
    }),
    weightCase({
      why: "two groups, each of more than one large tile",
      x: [2, 18, 5, 7],
      outChannels: 260,
      kernel: [3, 3],
      padding: [1, 1, 1, 1],
      groups: 2,
    }),
    weightCase({
      why: "long sums of positive numbers",
      x: [3, 2, 39, 41],
      outChannels: 4,
      kernel: [3, 3],
      padding: [1, 1, 1, 1],
      values: "positive",
    }),
    weightCase({
      why: "volume",
      x: [2, 3, 4, 5, 6],
      outChannels: 4,
      kernel: [3, 3, 3],
      padding: [1, 1, 1, 1, 1, 1],
    }),
    weightCase({
      why: "volume, strides, dilation and groups",
      x: [1, 4, 7, 8, 9],
      outChannels: 6,
      kernel: [2, 3, 1],
      stride: [2, 1, 2],
      padding: [1, 0, 0, 0, 2, 0],
      dilation: [2, 2, 1],
      groups: 2,
    }),
  ],
};
