// Training in TensorFlow.js on its WebGPU backend: its own gradients, its momentum optimizer, and batch norm as its layers do it
// while they train: moments, then `tf.batchNorm`.
import type { Scalar, Tensor, Tensor1D, Tensor4D, Variable } from "@tensorflow/tfjs-core";
import type { Node, Value } from "../../src/graph/ir/graph.ts";
import type { Conv2dAttributes, ConvTranspose2dAttributes } from "../../src/ops/conv/conv2d.ts";
import type { BatchNormAttributes } from "../../src/ops/norm/batch-norm.ts";
import type { Resize2dAttributes } from "../../src/ops/sample/resize.ts";
import { elementCount } from "../../src/tensor.ts";
import type { DataPlace } from "../record.ts";
import { learningRate, momentum, statisticsMomentum, type TrainingCase, type TrainingData } from "../training/case.ts";
import type { Trainer } from "../training/trainer.ts";
import { bilinearMatrix, channelsLast, permute } from "./layout.ts";
import { loadTensorFlow } from "./tensorflow.ts";
import {
  explicit,
  tensorFlowName as name,
  pair,
  type TensorFlow,
  translateToTensorFlow,
} from "./tensorflow-operators.ts";
import { requireShape, unsupported } from "./unsupported.ts";

/** Rejects with Error naming the first operator that has no translation. */
export async function createTensorFlowTrainer({ network }: TrainingCase, data: TrainingData): Promise<Trainer> {
  const tf = await loadTensorFlow();
  await import("@tensorflow/tfjs-core/dist/register_all_gradients.js");
  const memory = watchMemory(tf);
  const weights = await createWeights(tf, network.nodes, network.parameters, data);
  const [image] = network.inputs as [Value];
  const [logits] = network.outputs.values();
  const [batch, , height, width] = image.type.shape as [number, number, number, number];
  const host = permute(data.image, image.type.shape, channelsLast(4));
  const classes = logits!.type.shape[1]!;
  const upload = () => ({
    image: tf.tensor4d(host, [batch, height, width, 3]),
    labels: tf.tensor3d(Int32Array.from(data.labels), [batch, height, width], "int32"),
  });
  const resident = upload();
  const optimizer = tf.train.momentum(learningRate, momentum);
  const trained = [...weights.values()].filter(({ variable }) => variable.trainable);
  const steps = network.nodes.map((node) => ({ node, compute: translate(tf, node, weights) }));

  const lossOf = ({ image: input, labels }: ReturnType<typeof upload>, follow: Follow): Scalar => {
    const values = new Map<Value, Tensor>([[image, input]]);
    for (const { node, compute } of steps) {
      const result = compute((value) => values.get(value)!, follow);
      const { shape } = node.outputs[0]!.type;
      requireShape(
        name,
        node,
        result.shape,
        channelsLast(4).map((axis) => shape[axis]!),
      );
      values.set(node.outputs[0]!, result);
    }
    return tf.losses.softmaxCrossEntropy(tf.oneHot(labels, classes), values.get(logits!)!) as Scalar;
  };
  return {
    name,
    async step(place: DataPlace) {
      const inputs = place === "host" ? upload() : resident;
      const loss = tf.tidy(() => {
        const followed: Parameters<Follow>[] = [];
        // They would end with the forward pass otherwise.
        const follow: Follow = (running, ofBatch, factor) => followed.push([running, tf.keep(ofBatch), factor]);
        const value = optimizer.minimize(
          () => lossOf(inputs, follow),
          true,
          trained.map(({ variable }) => variable),
        )!;
        for (const [running, ofBatch, factor] of followed) {
          const moved = tf.mul(ofBatch, statisticsMomentum * factor);
          running.assign(tf.add(tf.mul(running, 1 - statisticsMomentum), moved));
          ofBatch.dispose();
        }
        return value;
      });
      try {
        return (await loss.data())[0]!;
      } finally {
        tf.dispose(place === "host" ? [loss, ...Object.values(inputs)] : [loss]);
      }
    },
    async parameters() {
      const all = trained.map(async ({ variable, value, order }) => {
        const inverse = order.map((_, axis) => order.indexOf(axis));
        const raw = (await variable.data()) as Float32Array;
        return [value.name, permute(raw, variable.shape, inverse)] as const;
      });
      return new Map(await Promise.all(all));
    },
    get peakBytes() {
      return memory.peakBytes();
    },
    async dispose() {
      memory.stop();
      optimizer.dispose();
      tf.dispose([...[...weights.values()].map(({ variable }) => variable), ...Object.values(resident)]);
    },
  };
}

/** Hands statistics of the batch to the running ones. */
type Follow = (running: Variable, ofBatch: Tensor, factor: number) => void;
type Compute = (read: (value: Value) => Tensor, follow: Follow) => Tensor;

/** A parameter on the device: axis i of the variable is axis `order[i]` of PyTorch's. */
interface Weight {
  readonly value: Value;
  readonly variable: Variable;
  readonly order: readonly number[];
}
type Weights = ReadonlyMap<Value, Weight>;

async function createWeights(
  tf: TensorFlow,
  nodes: readonly Node[],
  parameters: readonly Value[],
  data: TrainingData,
): Promise<Weights> {
  const isDepthwise = (value: Value) =>
    nodes.some(({ inputs, attrs }) => inputs[1] === value && (attrs as Partial<Conv2dAttributes>).groups !== 1);
  const statistics = new Set(
    nodes.flatMap(({ operator, inputs }) => (operator.name === "batchNorm" ? inputs.slice(3) : [])),
  );
  const weights = new Map<Value, Weight>();
  for (const value of parameters) {
    const { shape } = value.type;
    // [K, C, R, S] and, transposed, [C, K, R, S] to [R, S, 1, 0]; depthwise [C, 1, R, S] to [R, S, C, 1].
    const order = shape.length === 1 ? [0] : isDepthwise(value) ? [2, 3, 0, 1] : [2, 3, 1, 0];
    const values = permute(await data.parameter(value.name), shape, order);
    const variable = tf.tidy(() =>
      tf.variable(
        tf.tensor(
          values,
          order.map((axis) => shape[axis]!),
        ),
        !statistics.has(value),
      ),
    );
    weights.set(value, { value, variable, order });
  }
  return weights;
}

function translate(tf: TensorFlow, node: Node, weights: Weights): Compute {
  const { operator, inputs, epilogue } = node;
  const [x, weight] = inputs as [Value, Value];
  const parameter = (value: Value) => weights.get(value)!.variable;
  const withBias = (y: Tensor) => (epilogue.bias ? tf.add(y, parameter(inputs.at(-1)!)) : y);
  if (operator.name === "conv2d") {
    const { stride, padding, dilation, groups } = node.attrs as Conv2dAttributes;
    const kernel = parameter(weight) as Tensor as Tensor4D;
    if (groups === 1)
      return (read) =>
        withBias(tf.conv2d(read(x) as Tensor4D, kernel, pair(stride), explicit(padding), "NHWC", pair(dilation)));
    if (groups !== x.type.shape[1] || groups !== weight.type.shape[0] || !padding.every((size) => size === padding[0]))
      throw unsupported(name, node, `with groups ${groups}`);
    return (read) =>
      withBias(tf.depthwiseConv2d(read(x) as Tensor4D, kernel, pair(stride), padding[0]!, "NHWC", pair(dilation)));
  }
  if (operator.name === "convTranspose2d") {
    const { stride, padding, dilation, groups } = node.attrs as ConvTranspose2dAttributes;
    if (groups !== 1 || dilation.some((size) => size !== 1)) throw unsupported(name, node, `with groups ${groups}`);
    const [items, channels, height, width] = node.outputs[0]!.type.shape as [number, number, number, number];
    const kernel = parameter(weight) as Tensor as Tensor4D;
    const size: [number, number, number, number] = [items, height, width, channels];
    return (read) => withBias(tf.conv2dTranspose(read(x) as Tensor4D, kernel, size, pair(stride), explicit(padding)));
  }
  if (operator.name === "batchNorm") return batchNorm(tf, node, parameter);
  if (operator.name === "resize2d") return resize(tf, node);
  return translateToTensorFlow(tf, node, {
    fixed: new Map(),
    upload: () => {
      throw unsupported(name, node);
    },
  });
}

function batchNorm(tf: TensorFlow, { inputs, attrs }: Node, parameter: (value: Value) => Variable): Compute {
  const { eps } = attrs as BatchNormAttributes;
  const [x, ...vectors] = inputs as [Value, ...Value[]];
  const [gamma, beta, mean, variance] = vectors.map(parameter) as [Variable, Variable, Variable, Variable];
  const count = elementCount(x.type.shape) / x.type.shape[1]!;
  return (read, follow) => {
    const input = read(x);
    const moments = tf.moments(input, [0, 1, 2]);
    follow(mean, moments.mean, 1);
    follow(variance, moments.variance, count / (count - 1));
    const [ofBatch, spread] = [moments.mean, moments.variance] as Tensor[] as [Tensor1D, Tensor1D];
    return tf.batchNorm(input, ofBatch, spread, beta as Tensor as Tensor1D, gamma as Tensor as Tensor1D, eps);
  };
}

/**
 * A matrix along each axis. The gradient of its own `resizeBilinear` is that of another one: it takes no notice of half-pixel
 * centres, and was 4e-2 off.
 */
function resize(tf: TensorFlow, node: Node): Compute {
  const { mode, coordinates } = node.attrs as Resize2dAttributes;
  if (mode !== "bilinear" || coordinates !== "half-pixel") throw unsupported(name, node, `${mode}, ${coordinates}`);
  const [items, channels, height, width] = node.inputs[0]!.type.shape as [number, number, number, number];
  const [, , outHeight, outWidth] = node.outputs[0]!.type.shape as [number, number, number, number];
  const matrix = (from: number, to: number) => tf.tensor2d(bilinearMatrix(from, to), [to, from]);
  return (read) => {
    const lines = tf.reshape(read(node.inputs[0]!), [items, height, width * channels]);
    const taller = tf.matMul(matrix(height, outHeight), lines);
    const wider = tf.matMul(matrix(width, outWidth), tf.reshape(taller, [items * outHeight, width, channels]));
    return tf.reshape(wider, [items, outHeight, outWidth, channels]);
  };
}

/** What the package does not declare of its backend. */
interface BufferManager {
  /** Without the buffers that it keeps to use them again. */
  readonly numBytesUsed: number;
  acquireBuffer(...given: unknown[]): GPUBuffer;
}

/** The most bytes in use at once, beyond what is in use now. */
function watchMemory(tf: TensorFlow): { peakBytes(): number; stop(): void } {
  const manager = (tf.backend() as unknown as { readonly bufferManager: BufferManager }).bufferManager;
  const before = manager.numBytesUsed;
  const acquire = manager.acquireBuffer;
  let peak = before;
  manager.acquireBuffer = (...given) => {
    const buffer = acquire.apply(manager, given);
    peak = Math.max(peak, manager.numBytesUsed);
    return buffer;
  };
  return {
    peakBytes: () => peak - before,
    stop: () => {
      manager.acquireBuffer = acquire;
    },
  };
}
