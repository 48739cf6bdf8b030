// Random graphs of the operators that matter to passes and planning: fan-out, joins, nested concatenations, reshapes.
import { GraphBuilder } from "../../src/graph/ir/builder.ts";
import type { Graph, Value } from "../../src/graph/ir/graph.ts";
import { conv2d } from "../../src/ops/conv/conv2d.ts";
import { relu } from "../../src/ops/elementwise/activations.ts";
import { add } from "../../src/ops/elementwise/arithmetic.ts";
import { concat } from "../../src/ops/move/concat.ts";
import { reshape } from "../../src/ops/move/reshape.ts";
import { batchNorm } from "../../src/ops/norm/batch-norm.ts";
import { shapesEqual } from "../../src/tensor.ts";
import { createRandom, seedOf } from "./random.ts";

/** What a layer is made with: values [N, C, H, W] of one size. */
export interface Growth {
  readonly b: GraphBuilder;
  /** Number of the layer, for its names. */
  readonly i: number;
  readonly random: () => number;
  readonly pick: <T>(list: readonly T[]) => T;
  /** One of the last values, the last one most often. */
  readonly recent: () => Value;
  /** All values so far. */
  readonly values: readonly Value[];
}

export type Layer = (growth: Growth) => Value;

export interface RandomGraphOptions {
  /** Layers beside those that are known here. */
  readonly more?: readonly Layer[];
  readonly height?: number;
  readonly width?: number;
}

/** A graph of about `size` nodes on images [N, C, 6, 10], with one to three outputs. */
export function randomGraph(
  seed: number,
  size: number,
  { more = [], height = 6, width = 10 }: RandomGraphOptions = {},
): Graph {
  const random = createRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const items = pick([1, 2]);
  const b = new GraphBuilder();
  const values: Value[] = [b.input("image", [items, pick([1, 3, 4]), height, width])];
  const recent = () => values[Math.max(0, values.length - 1 - Math.floor(random() ** 2 * 6))]!;

  const makers: readonly ((i: number) => Value)[] = [
    (i) => convolution(b, i, recent(), pick([1, 3]), pick([2, 3, 4, 8])),
    (i) => normalized(b, i, convolution(b, i, recent(), 3, pick([2, 4, 5]))),
    (i) => b.apply(relu, [recent()], {}, { name: `relu${i}` }),
    (i) => {
      const x = recent();
      const same = values.filter((value) => shapesEqual(value.type.shape, x.type.shape));
      return b.apply(add, [x, pick(same)], {}, { name: `add${i}` });
    },
    (i) => b.apply(concat, [recent(), recent(), ...(random() < 0.3 ? [recent()] : [])], {}, { name: `concat${i}` }),
    (i) => {
      const x = recent();
      const channels = x.type.shape[1]!;
      const flat = b.apply(reshape, [x], { shape: [items, channels * height * width] }, { name: `flat${i}` });
      return b.apply(reshape, [flat], { shape: [items, channels, height, width] }, { name: `unflat${i}` });
    },
  ];
  const others = more.map((layer) => (i: number) => layer({ b, i, random, pick, recent, values }));
  const layers = [...makers, ...others];
  for (let i = 0; i < size; i++) {
    const value = pick(layers)(i);
    if (value.type.shape[1]! <= 40) values.push(value);
  }
  b.output("last", values.at(-1)!);
  if (random() < 0.5) b.output("other", pick(values));
  if (random() < 0.3) b.output("input", values[0]!);
  return b.build();
}

function convolution(b: GraphBuilder, i: number, x: Value, kernel: number, outChannels: number): Value {
  const weight = b.parameter(`conv${i}.weight`, [outChannels, x.type.shape[1]!, kernel, kernel]);
  return b.apply(conv2d, [x, weight], { padding: (kernel - 1) / 2 }, { name: `conv${i}` });
}

function normalized(b: GraphBuilder, i: number, x: Value): Value {
  const parameter = (field: string) => b.parameter(`bn${i}.${field}`, [x.type.shape[1]!]);
  const statistics = [parameter("weight"), parameter("bias"), parameter("running_mean"), parameter("running_var")];
  return b.apply(batchNorm, [x, ...statistics], {}, { name: `bn${i}` });
}

/** Seeded values for any parameter of a random graph; variances are positive. */
export function randomParameter(name: string, count: number): Float32Array {
  const random = createRandom(seedOf(name));
  const positive = name.endsWith("running_var");
  return Float32Array.from({ length: count }, () => (positive ? 0.5 + random() : random() - 0.5));
}
