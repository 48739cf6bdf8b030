// What is measured: graphs with one input and one output, and what they cost.
import { GraphBuilder } from "../src/graph/ir/builder.ts";
import type { Graph, Value } from "../src/graph/ir/graph.ts";
import { storeHalf } from "../src/graph/passes/half.ts";
import { wholeCall } from "../src/graph/plan/lower.ts";
import { resnet18 } from "../src/models/encoders/resnet.ts";
import { msffResNet18 } from "../src/models/networks/msff-resnet18.ts";
import type { Weights } from "../src/models/weights.ts";
import { cast } from "../src/ops/elementwise/cast.ts";
import type { Precision } from "./record.ts";
import { type ConvSpec, describe } from "./shape.ts";

export interface BenchCase {
  readonly suite: "kernels" | "gradients" | "models" | "training" | "onnx";
  /** Where the shape comes from. */
  readonly group: string;
  readonly name: string;
  /** The convolution as text; kernels only. */
  readonly spec?: string;
  /** One input and one output, both f32 whatever the precision; a training's has labels too, a file's may have more outputs. */
  readonly graph: Graph;
  /** How everything between is stored. */
  readonly precision: Precision;
  /** Floating-point operations of one run; a multiply-add counts two. */
  readonly flop: number;
  /** Bytes that must cross the memory bus at least once, over all nodes. */
  readonly bytes: number;
  /** Of a network that came as an ONNX file. */
  readonly file?: ModelFile;
}

/** Where others read the network, and what it is known to compute. */
export interface ModelFile {
  readonly path: string;
  readonly weights: Weights;
  readonly image: Float32Array;
  /** What another engine computed of the image, one array for each f32 output. */
  readonly expected: { readonly by: string; readonly outputs: readonly Float32Array[] };
}

/** One convolution with a bias, alone. */
export function convCase(group: string, spec: ConvSpec, precision: Precision = "f32"): BenchCase {
  const b = new GraphBuilder();
  const { operator, weight, given, outChannels } = spec;
  const x = b.input("image", spec.input);
  const bias = b.parameter("bias", [outChannels]);
  b.output("result", b.apply(operator, [x, b.parameter("weight", weight)], given, { name: "result", bias }));
  return { suite: "kernels", group, name: describe(spec), spec: spec.text, ...costed(b.build(), precision) };
}

const msff = (given: object) => (b: GraphBuilder, image: Value) =>
  msffResNet18.build(b, image, msffResNet18.options(given, "bench")).logits;

/** What the models suite knows, by its names on the command line; all at their full width. */
export const networks = {
  msff: { title: "MSFF-ResNet18", build: msff({}) },
  // Its largest pool fits images from 128x128 on.
  "msff-pools-4": { title: "MSFF-ResNet18, pools 2 to 4", build: msff({ pools: [2, 3, 4] }) },
  resnet18: { title: "ResNet-18 encoder", build: (b: GraphBuilder, image: Value) => resnet18(b, image, 1).layer4 },
} as const;

export type NetworkName = keyof typeof networks;

/** A network on square images, with nothing folded or fused yet. */
export function networkCase(
  size: number,
  batch: number,
  { network = "msff", precision = "f32" }: { network?: NetworkName; precision?: Precision } = {},
): BenchCase {
  const { title, build } = networks[network];
  const b = new GraphBuilder();
  b.output("logits", build(b, b.input("image", [batch, 3, size, size])));
  const name = `${title} ${size}x${size}${batch > 1 ? ` batch ${batch}` : ""}`;
  return { suite: "models", group: title, name, ...costed(b.build(), precision) };
}

/** A graph with what one run of it costs. */
export function costed(graph: Graph, precision: Precision): Pick<BenchCase, "graph" | "precision" | "flop" | "bytes"> {
  const { nodes } = precision === "f16" ? storeHalf(graph) : graph;
  const costs = nodes.filter(({ operator }) => operator !== cast).map((node) => node.operator.cost(wholeCall(node)));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return { graph, precision, flop: sum(costs.map(({ flop }) => flop)), bytes: sum(costs.map(({ bytes }) => bytes)) };
}
