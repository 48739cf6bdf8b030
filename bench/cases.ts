// What is measured: graphs with one input and one output, and what they cost.
import { GraphBuilder } from "../src/graph/builder.ts";
import type { Graph } from "../src/graph/graph.ts";
import { wholeCall } from "../src/graph/lower.ts";
import { msffResNet18 } from "../src/models/msff-resnet18.ts";
import { type ConvSpec, describe } from "./shape.ts";

export interface BenchCase {
  readonly suite: "kernels" | "models";
  /** Where the shape comes from. */
  readonly group: string;
  readonly name: string;
  /** The convolution as text; kernels only. */
  readonly spec?: string;
  /** One input, one output. */
  readonly graph: Graph;
  /** Floating-point operations of one run; a multiply-add counts two. */
  readonly flop: number;
  /** Bytes that must cross the memory bus at least once, over all nodes. */
  readonly bytes: number;
}

/** One convolution with a bias, alone. */
export function convCase(group: string, spec: ConvSpec): BenchCase {
  const b = new GraphBuilder();
  const { operator, weight, given, outChannels } = spec;
  const x = b.input("image", spec.input);
  const bias = b.parameter("bias", [outChannels]);
  b.output("result", b.apply(operator, [x, b.parameter("weight", weight)], given, { name: "result", bias }));
  return { suite: "kernels", group, name: describe(spec), spec: spec.text, ...costed(b.build()) };
}

/** MSFF-ResNet18 at its full width on square images, with nothing folded or fused yet. */
export function networkCase(size: number, batch: number): BenchCase {
  const name = "MSFF-ResNet18";
  const b = new GraphBuilder();
  const image = b.input("image", [batch, 3, size, size]);
  b.output("logits", msffResNet18.build(b, image, msffResNet18.options({}, "bench")));
  const title = `${name} ${size}x${size}${batch > 1 ? ` batch ${batch}` : ""}`;
  return { suite: "models", group: name, name: title, ...costed(b.build()) };
}

function costed(graph: Graph): Pick<BenchCase, "graph" | "flop" | "bytes"> {
  const costs = graph.nodes.map((node) => node.operator.cost(wholeCall(node)));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return { graph, flop: sum(costs.map(({ flop }) => flop)), bytes: sum(costs.map(({ bytes }) => bytes)) };
}
