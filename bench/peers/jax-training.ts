// Training in jax-js on its WebGPU device: the whole step, gradients and update included, as one function under `jit`.
import type { numpy } from "@jax-js/jax";
import type { Node, Value } from "../../src/graph/ir/graph.ts";
import type { Conv2dAttributes, ConvTranspose2dAttributes } from "../../src/ops/conv/conv2d.ts";
import type { BatchNormAttributes } from "../../src/ops/norm/batch-norm.ts";
import { elementCount } from "../../src/tensor.ts";
import type { DataPlace } from "../record.ts";
import { learningRate, momentum, statisticsMomentum, type TrainingCase, type TrainingData } from "../training/case.ts";
import type { Trainer } from "../training/trainer.ts";
import { watchBuffers } from "./buffer-watch.ts";
import { loadJax } from "./jax.ts";
import { type Jax, jaxName as name, spatialPads, spreadPads, translateToJax } from "./jax-operators.ts";
import { requireShape, unsupported } from "./unsupported.ts";

type Array = numpy.Array;

/** What a step changes: one array for each parameter, velocity, and running statistic. */
interface State {
  readonly weights: Array[];
  readonly velocities: Array[];
  readonly statistics: Array[];
}

/** Rejects with Error naming the first operator that has no translation. */
export async function createJaxTrainer({ network }: TrainingCase, data: TrainingData): Promise<Trainer> {
  const jax = await loadJax();
  const memory = watchBuffers(jax.getWebGPUDevice());
  const onGpu = (values: Float32Array | Int32Array, shape: readonly number[]) =>
    jax.numpy.array(values, { shape: [...shape], device: "webgpu" });
  const constants: Array[] = [];
  const upload = (values: Float32Array, shape: readonly number[]) => constants.push(onGpu(values, shape)) - 1;
  const program = compile(jax, network, upload);
  const [image] = network.inputs as [Value];
  const [items, , height, width] = image.type.shape as [number, number, number, number];
  const batch = () => [
    onGpu(data.image, image.type.shape),
    onGpu(Int32Array.from(data.labels), [items, height, width]),
  ];
  const create = async ({ name: key, type }: Value) => onGpu(await data.parameter(key), type.shape);
  const { trained, running } = program;
  let state: State = {
    weights: await Promise.all(trained.map(create)),
    velocities: trained.map(({ type }) => onGpu(new Float32Array(elementCount(type.shape)), type.shape)),
    statistics: await Promise.all(running.map(create)),
  };
  const resident = batch();
  const all = () => [...state.weights, ...state.velocities, ...state.statistics];
  return {
    name,
    async step(place: DataPlace) {
      const [pixels, labels] = place === "host" ? batch() : resident.map((array) => array.ref);
      const [loss, weights, velocities, statistics] = program.step(
        state,
        constants.map((array) => array.ref),
        pixels!,
        labels!,
      );
      state = { weights, velocities, statistics };
      return (await loss.data())[0]!;
    },
    async parameters() {
      const read = trained.map(async ({ name: key }, i) => [key, await state.weights[i]!.ref.data()] as const);
      return new Map((await Promise.all(read)) as [string, Float32Array][]);
    },
    get peakBytes() {
      return memory.peakBytes();
    },
    async dispose() {
      memory.stop();
      program.dispose();
      for (const array of [...all(), ...constants, ...resident]) array.dispose();
    },
  };
}

interface Program {
  readonly trained: readonly Value[];
  readonly running: readonly Value[];
  step(state: State, constants: Array[], image: Array, labels: Array): [loss: Array, Array[], Array[], Array[]];
  dispose(): void;
}

function compile(
  jax: Jax,
  network: TrainingCase["network"],
  upload: (values: Float32Array, shape: readonly number[]) => number,
): Program {
  const [image] = network.inputs as [Value];
  const [logits] = [...network.outputs.values()] as [Value];
  const running = network.nodes.flatMap(({ operator, inputs }) =>
    operator.name === "batchNorm" ? inputs.slice(3) : [],
  );
  const trained = network.parameters.filter((value) => !running.includes(value));
  const steps = network.nodes.map((node) => ({ node, compute: translate(jax, node, upload) }));
  const factors = network.nodes.flatMap(({ operator, inputs }) => {
    if (operator.name !== "batchNorm") return [];
    const count = elementCount(inputs[0]!.type.shape) / inputs[0]!.type.shape[1]!;
    return [1, count / (count - 1)];
  });

  /** Every use of an array consumes a reference, so each value keeps one of its own until the end. */
  const lossOf = (weights: Array[], constants: Array[], pixels: Array, labels: Array): [Array, Array[]] => {
    const entries = trained.map((value, i) => [value, weights[i]!] as const);
    const values = new Map<Value, Array>([[image, pixels], ...entries]);
    const statistics: Array[] = [];
    const read = (value: Value) => values.get(value)!.ref;
    for (const { node, compute } of steps) {
      const result = compute(read, {
        constant: (i) => constants[i]!.ref,
        follow: (...arrays) => statistics.push(...arrays),
      });
      requireShape(name, node, result.shape, node.outputs[0]!.type.shape);
      values.set(node.outputs[0]!, result);
    }
    const oneHot = jax.numpy.moveaxis(jax.nn.oneHot(labels, logits.type.shape[1]!), -1, 1);
    const likelihoods = jax.nn.logSoftmax(read(logits), 1).mul(oneHot);
    const loss = likelihoods.sum().mul(-1 / (elementCount(logits.type.shape) / logits.type.shape[1]!));
    for (const value of [...values.values(), ...constants]) value.dispose();
    return [loss, statistics];
  };

  const step = jax.jit(
    ({ weights, velocities, statistics }: State, constants: Array[], pixels: Array, labels: Array) => {
      const gradientOf = jax.valueAndGrad(lossOf, { hasAux: true });
      const [[loss, ofBatch], gradients] = gradientOf(
        weights.map((weight) => weight.ref),
        constants,
        pixels,
        labels,
      ) as unknown as [[Array, Array[]], Array[]];
      const moved = velocities.map((velocity, i) => velocity.mul(momentum).add(gradients[i]!));
      const updated = weights.map((weight, i) => weight.sub(moved[i]!.ref.mul(learningRate)));
      const followed = statistics.map((old, i) =>
        old.mul(1 - statisticsMomentum).add(ofBatch[i]!.mul(statisticsMomentum * factors[i]!)),
      );
      return [loss, updated, moved, followed] as [Array, Array[], Array[], Array[]];
    },
  );
  return {
    trained,
    running,
    step: (...given) => step(...given) as ReturnType<Program["step"]>,
    dispose: () => step.dispose(),
  };
}

interface Surroundings {
  readonly constant: (index: number) => Array;
  /** Takes the mean and the variance of a batch, [C] each. */
  readonly follow: (mean: Array, variance: Array) => void;
}
/** `read` gives a reference that the callee consumes. */
type Compute = (read: (value: Value) => Array, surroundings: Surroundings) => Array;

function translate(jax: Jax, node: Node, upload: (values: Float32Array, shape: readonly number[]) => number): Compute {
  const { operator, inputs, epilogue } = node;
  const [x, weight] = inputs as [Value, Value];
  const bias = epilogue.bias ? inputs.at(-1)! : undefined;
  const withBias = (y: Array, read: (value: Value) => Array) => (bias ? y.add(perChannel(read(bias))) : y);
  if (operator.name === "conv2d") {
    const { stride, padding, dilation, groups } = node.attrs as Conv2dAttributes;
    const options = { rhsDilation: [...dilation], featureGroupCount: groups };
    return (read) =>
      withBias(jax.lax.convGeneralDilated(read(x), read(weight), [...stride], spatialPads(padding), options), read);
  }
  if (operator.name === "convTranspose2d") {
    const { stride, dilation, groups } = node.attrs as ConvTranspose2dAttributes;
    if (groups !== 1) throw unsupported(name, node, `with groups ${groups}`);
    const options = { lhsDilation: [...stride], rhsDilation: [...dilation] };
    const pads = spreadPads(node);
    return (read) => {
      const turned = jax.numpy.moveaxis(jax.numpy.flip(read(weight), [2, 3]), 0, 1);
      return withBias(jax.lax.convGeneralDilated(read(x), turned, [1, 1], pads, options), read);
    };
  }
  if (operator.name === "batchNorm") return batchNorm(jax, node);
  const compute = translateToJax(jax, node, { fixed: new Map(), upload });
  return (read, { constant }) => compute(read, constant);
}

function batchNorm(jax: Jax, { inputs, attrs }: Node): Compute {
  const { eps } = attrs as BatchNormAttributes;
  const [x, gamma, beta] = inputs as [Value, Value, Value];
  const keepdims = { keepdims: true };
  return (read, { follow }) => {
    const mean = jax.numpy.mean(read(x), [0, 2, 3], keepdims);
    const centred = read(x).sub(mean.ref);
    const variance = jax.numpy.mean(jax.numpy.square(centred.ref), [0, 2, 3], keepdims);
    const flat = (array: Array) => jax.lax.stopGradient(array.reshape([gamma.type.shape[0]!]));
    follow(flat(mean), flat(variance.ref));
    const scale = perChannel(read(gamma)).div(jax.numpy.sqrt(variance.add(eps)));
    return centred.mul(scale).add(perChannel(read(beta)));
  };
}

/** [C] as [1, C, 1, 1]. */
function perChannel(array: Array): Array {
  return array.reshape([1, array.shape[0]!, 1, 1]);
}
