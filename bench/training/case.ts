// What the training suite measures: whole steps of training of MSFF-ResNet18 at a quarter of its width.
import { UsageError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graph/ir/builder.ts";
import type { Graph, Value } from "../../src/graph/ir/graph.ts";
import { mergeCovered } from "../../src/graph/passes/merge-covered.ts";
import { msffResNet18 } from "../../src/models/networks/msff-resnet18.ts";
import { sgd } from "../../src/train/loop/optimizers.ts";
import { createTrainingGraph } from "../../src/train/loop/training-graph.ts";
import { crossEntropyLoss } from "../../src/train/losses/index.ts";
import { type BenchCase, costed } from "../cases.ts";
import { type CaseData, createData } from "../contenders.ts";

/** A step: cross-entropy of two classes, batch norm in training mode, SGD with momentum. FLOP and bytes are the whole step's. */
export interface TrainingCase extends BenchCase {
  readonly suite: "training";
  /** From `image` and `labels` to the scalar `loss`. */
  readonly graph: Graph;
  /** From `image` to `logits`, for engines that differentiate by themselves. */
  readonly network: Graph;
}

export interface TrainingData extends CaseData {
  /** Class indices, [N, H, W]. */
  readonly labels: Uint32Array;
}

export const momentum = 0.9;
/** So high that three steps change the loss by far more than engines may differ. */
export const learningRate = 0.003;
/** How far running statistics move towards a batch's. */
export const statisticsMomentum = 0.1;

export const optimizer = sgd({ momentum });

const width = 0.25;
const allPools = [2, 3, 4, 5];

/** TensorFlow.js has no gradients of dilated convolutions: it trains the second alone. */
const variants = { "MSFF-ResNet18/4": [1, 3, 5], "MSFF-ResNet18/4 undilated": [1, 1, 1] } as const;

export interface TrainingSizes {
  /** Pixels along each side, multiples of 32. */
  readonly sizes: readonly number[];
  /** Images in each batch. */
  readonly batches: readonly number[];
}

export function trainingCases({ sizes, batches }: TrainingSizes): TrainingCase[] {
  const shapes = sizes.flatMap((size) => batches.map((batch) => [batch, 3, size, size] as const));
  return shapes.flatMap((shape) => Object.entries(variants).map(([title, rates]) => msffCase(title, rates, shape)));
}

/**
 * Pools that are larger than the bottleneck's map, or that leave a single pixel to the statistics of a batch, are left out, and
 * the name says so. Throws UsageError where none is left.
 */
function msffCase(title: string, rates: readonly number[], shape: ImageShape): TrainingCase {
  const [batch, , size] = shape;
  const pools = allPools.filter((pool) => batch * Math.floor(size / 32 / pool) ** 2 > 1);
  if (pools.length === 0)
    throw new UsageError(`training: a batch of ${batch} at ${size}x${size} leaves single pixels to batch norm`);
  const options = msffResNet18.options({ width, rates, pools }, "bench");
  const fewer = pools.length < allPools.length ? `, pools ${pools.join(" ")}` : "";
  const name = `${title}${fewer} ${size}x${size} batch ${batch}`;
  return trainingCase(
    { group: "MSFF-ResNet18, width 1/4", name },
    shape,
    (b, image) => msffResNet18.build(b, image, options).logits,
  );
}

type ImageShape = readonly [batch: number, channels: number, height: number, width: number];

/** A network from an image to logits of its size. */
export function trainingCase(
  title: Pick<TrainingCase, "group" | "name">,
  shape: ImageShape,
  logitsOf: (b: GraphBuilder, image: Value) => Value,
): TrainingCase {
  const [batch, , height, columns] = shape;
  const network = build((b) => ["logits", logitsOf(b, b.input("image", shape))]);
  const graph = build((b) => {
    const logits = logitsOf(b, b.input("image", shape));
    return ["loss", crossEntropyLoss(b, logits, b.input("labels", [batch, height, columns], "u32"))];
  });
  const step = createTrainingGraph(graph, { optimizer, groups: 1, group: () => 0, statisticsMomentum });
  // Without the gradients that nobody reads.
  const { flop, bytes } = costed(mergeCovered(step.graph), "f32");
  return { suite: "training", ...title, precision: "f32", graph, network, flop, bytes };
}

function build(outputOf: (b: GraphBuilder) => [name: string, value: Value]): Graph {
  const b = new GraphBuilder();
  b.output(...outputOf(b));
  return b.build();
}

/** Seeded image and weights; class 1 is the right half, so that there is something to learn. */
export function createTrainingData(entry: TrainingCase): TrainingData {
  const [batch, , height, columns] = entry.network.inputs[0]!.type.shape as [number, number, number, number];
  const labels = Uint32Array.from({ length: batch * height * columns }, (_, i) => Number(2 * (i % columns) >= columns));
  return { ...createData({ graph: entry.network }), labels };
}
