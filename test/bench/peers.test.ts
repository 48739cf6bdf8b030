// Every engine of the bench computes what atrous computes, or says that it cannot: which cases those are is written down here.
// A peer whose package does not load here is skipped, with the reason on the screen.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BenchCase } from "../../bench/cases.ts";
import { type CaseData, type Contender, createAtrous, createData } from "../../bench/contenders.ts";
import { type CreatePeer, peers } from "../../bench/peers/index.ts";
import { difference } from "../../src/difference.ts";
import { UsageError } from "../../src/errors.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../src/graph/ir/builder.ts";
import type { Value } from "../../src/graph/ir/graph.ts";
import { type Conv2dSpec, conv, convTranspose, norm, normRelu } from "../../src/models/blocks/layers.ts";
import {
  add,
  averagePool2d,
  concat,
  conv3d,
  convTranspose3d,
  maxPool2d,
  type Operator,
  relu,
  resize2d,
  sigmoid,
} from "../../src/ops/index.ts";
import { openTestGpu } from "../support/gpu.ts";

/** Relative L2 between two engines that both compute in f32. */
const agreement = 1e-5;

/** 4 channels, 17 rows, 13 columns: no axis can be taken for another, and jax-js unrolls little, so it compiles fast. */
const graphs: Readonly<Record<string, (b: GraphBuilder, x: Value) => Value>> = {
  "conv 1x1": (b, x) => conv(b, "conv", x, { kernel: 1, outChannels: 8 }),
  "conv 3x3 stride 2 with bias": (b, x) => conv3(b, x, { stride: 2, padding: 1, bias: true }),
  "conv 3x3 dilation 3": (b, x) => conv3(b, x, { dilation: 3, padding: 3 }),
  "conv 3x3 padded on each side by another number": (b, x) => conv3(b, x, { padding: [0, 1, 2, 3] }),
  "conv 3x3 stride 2 dilation 2": (b, x) => conv3(b, x, { stride: 2, dilation: 2, padding: 2 }),
  "conv 3x3 groups 2": (b, x) => conv3(b, x, { groups: 2, padding: 1 }),
  "depthwise 3x3 dilation 3": (b, x) => conv3(b, x, { outChannels: 4, groups: 4, dilation: 3, padding: 3 }),
  "depthwise 3x3, two outputs per channel": (b, x) => conv3(b, x, { outChannels: 8, groups: 4, padding: [1, 0, 2, 1] }),
  "convT 3x3 stride 2 padding 1 output padding 1": (b, x) =>
    convTranspose(b, "up", x, { kernel: 3, outChannels: 8, stride: 2, padding: 1, outputPadding: 1, bias: true }),
  "convT 3x3 stride 2, no padding": (b, x) => convTranspose(b, "up", x, { kernel: 3, outChannels: 8, stride: 2 }),
  "convT 3x3 dilation 2": (b, x) => convTranspose(b, "up", x, { kernel: 3, outChannels: 8, dilation: 2, padding: 1 }),
  "convT 2x2 stride 2 groups 2": (b, x) =>
    convTranspose(b, "up", x, { kernel: 2, outChannels: 8, stride: 2, groups: 2 }),
  "conv, batch norm, relu": (b, x) => normRelu(b, "bn", conv3(b, x, { padding: 1, bias: true })),
  "depthwise, batch norm, relu": (b, x) => normRelu(b, "bn", conv3(b, x, { outChannels: 4, groups: 4, padding: 1 })),
  "convT, batch norm, relu": (b, x) =>
    normRelu(b, "bn", convTranspose(b, "up", x, { kernel: 3, outChannels: 8, stride: 2, padding: 1 })),
  "residual block": (b, x) => {
    const inner = normRelu(b, "bn1", conv3(b, x, { padding: 1 }));
    const outer = norm(b, "bn2", conv(b, "conv2", inner, { kernel: 3, outChannels: 4, padding: 1 }));
    return b.apply(relu, [b.apply(add, [outer, x], {})], {});
  },
  "batch norm alone": (b, x) => norm(b, "bn", x),
  "relu alone": (b, x) => b.apply(relu, [x], {}),
  "add alone": (b, x) => b.apply(add, [x, b.apply(relu, [x], {})], {}),
  "add of a constant": (b, x) => b.apply(add, [x, b.constant("two", twos(x))], {}),
  concat: (b, x) => b.apply(concat, [x, b.apply(relu, [x], {})], {}),
  "max pool 3x3 stride 2 padding 1": (b, x) => b.apply(maxPool2d, [x], { kernel: 3, stride: 2, padding: 1 }),
  "max pool in ceil mode": (b, x) => b.apply(maxPool2d, [x], { kernel: 3, stride: 2, ceilMode: true }),
  "average pool 5": (b, x) => b.apply(averagePool2d, [x], { kernel: 5 }),
  "average pool 3 padding 1": (b, x) => b.apply(averagePool2d, [x], { kernel: 3, stride: 2, padding: 1 }),
  "average pool 3 padding 1 not counted": (b, x) =>
    b.apply(averagePool2d, [x], { kernel: 3, stride: 2, padding: 1, countIncludePad: false }),
  "average pool 5, bilinear to 17x13": (b, x) =>
    b.apply(resize2d, [b.apply(averagePool2d, [x], { kernel: 5 })], { mode: "bilinear", size: [17, 13] }),
  "bilinear to 5x7": (b, x) => b.apply(resize2d, [x], { mode: "bilinear", size: [5, 7] }),
  "nearest to 34x26": (b, x) => b.apply(resize2d, [x], { mode: "nearest", size: [34, 26] }),
  sigmoid: (b, x) => b.apply(sigmoid, [x], {}),
};

/** The same of volumes: 4 channels, 5 slices, 7 rows, 9 columns. */
const volumeGraphs: Readonly<Record<string, (b: GraphBuilder, x: Value) => Value>> = {
  "conv 3x3x3": (b, x) => volumeConv(b, conv3d, x, [8, 4, 3, 3, 3], { padding: 1 }),
  "conv 3x3x3 stride 2": (b, x) => volumeConv(b, conv3d, x, [8, 4, 3, 3, 3], { stride: 2, padding: 1 }),
  "conv 1x3x3 padded on each side by another number": (b, x) =>
    volumeConv(b, conv3d, x, [8, 4, 1, 3, 3], { padding: [0, 0, 1, 1, 2, 3] }),
  "conv 3x3x3 groups 2": (b, x) => volumeConv(b, conv3d, x, [8, 2, 3, 3, 3], { groups: 2, padding: 1 }),
  "convT 2x2x2 stride 2": (b, x) => volumeConv(b, convTranspose3d, x, [4, 8, 2, 2, 2], { stride: 2 }),
  "convT 3x3x3 stride 2 padding 1 output padding 1": (b, x) =>
    volumeConv(b, convTranspose3d, x, [4, 8, 3, 3, 3], { stride: 2, padding: 1, outputPadding: 1 }),
};

function volumeConv<A extends object, G extends object>(
  b: GraphBuilder,
  operator: Operator<A, G>,
  x: Value,
  weight: readonly number[],
  given: G,
): Value {
  return b.apply(operator, [x, b.parameter("conv.weight", weight)], given, { bias: b.parameter("conv.bias", [8]) });
}

/** What a peer refuses, with the operator in the message. Anything else it computes right. */
const refused: Readonly<Record<keyof typeof peers, readonly string[]>> = {
  "ONNX Runtime WebGPU": [
    "nearest to 34x26",
    "sigmoid",
    "conv 3x3x3 groups 2",
    "convT 2x2x2 stride 2",
    "convT 3x3x3 stride 2 padding 1 output padding 1",
  ],
  "ONNX Runtime CPU": ["nearest to 34x26", "sigmoid"],
  "TensorFlow.js WebGPU": [
    "conv 3x3 stride 2 dilation 2",
    "conv 3x3 groups 2",
    "convT 3x3 dilation 2",
    "convT 2x2 stride 2 groups 2",
    "add of a constant",
    "max pool in ceil mode",
    "nearest to 34x26",
    "sigmoid",
    "conv 3x3x3 stride 2",
    "conv 1x3x3 padded on each side by another number",
    "conv 3x3x3 groups 2",
    "convT 3x3x3 stride 2 padding 1 output padding 1",
  ],
  "jax-js": [
    "convT 2x2 stride 2 groups 2",
    "add of a constant",
    "max pool in ceil mode",
    "average pool 3 padding 1 not counted",
    "nearest to 34x26",
    "sigmoid",
    ...Object.keys(volumeGraphs),
  ],
};

function conv3(b: GraphBuilder, x: Value, spec: Partial<Conv2dSpec>): Value {
  return conv(b, "conv", x, { kernel: 3, outChannels: 8, ...spec });
}

function twos({ type: { shape } }: Value) {
  return { shape, data: new Float32Array(shape.reduce((count, size) => count * size, 1)).fill(2) };
}

function caseOf(name: string): BenchCase {
  const b = new GraphBuilder();
  const onVolume = volumeGraphs[name];
  if (onVolume) b.output("result", onVolume(b, b.input("image", [2, 4, 5, 7, 9])));
  else b.output("result", graphs[name]!(b, b.input("image", [2, 4, 17, 13])));
  return { suite: "kernels", group: "peers", name, graph: b.build(), precision: "f32", flop: 0, bytes: 0 };
}

async function resultOf(contender: Contender): Promise<Float32Array> {
  try {
    return contender.result(await contender.run());
  } finally {
    await contender.dispose();
  }
}

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

/** What atrous computes, once for all peers. */
const ownResults = new Map<string, Promise<Float32Array>>();

function ownResult(entry: BenchCase, data: CaseData): Promise<Float32Array> {
  const known = ownResults.get(entry.name) ?? createAtrous(gpu, entry, data).then(resultOf);
  ownResults.set(entry.name, known);
  return known;
}

/** Why a peer's package does not load here, if so; found out once. */
const unavailable = new Map<string, Promise<string | undefined>>();

function whyUnavailable(peer: string, create: CreatePeer): Promise<string | undefined> {
  const known = unavailable.get(peer) ?? tryPackage(peer, create);
  unavailable.set(peer, known);
  return known;
}

async function tryPackage(peer: string, create: CreatePeer): Promise<string | undefined> {
  const entry = caseOf("conv 1x1");
  try {
    const contender = await create(entry, createData(entry));
    await contender.dispose();
  } catch (error) {
    // Any other failure is for the tests to report.
    if (!(error instanceof UsageError)) return undefined;
    console.warn(`SKIPPED: ${peer}: ${error.message}`);
    return error.message;
  }
  return undefined;
}

/** jax-js unrolls its kernels, which a software driver compiles for many seconds. */
const timeout = 240_000;

const names = Object.keys(peers) as (keyof typeof peers)[];
for (const peer of names) {
  test.for([...Object.keys(graphs), ...Object.keys(volumeGraphs)])(
    `${peer}: %s`,
    { timeout },
    async (name, context) => {
      const create: CreatePeer = peers[peer];
      const reason = await whyUnavailable(peer, create);
      if (reason !== undefined) return context.skip(reason);
      const entry = caseOf(name);
      const data: CaseData = createData(entry);
      if (refused[peer].includes(name)) {
        const operators = entry.graph.nodes.map(({ operator }) => operator.name).join("|");
        await expect(create(entry, data)).rejects.toThrow(new RegExp(`operator (${operators})\\b`));
        return;
      }
      const expected = await ownResult(entry, data);
      const got = await resultOf(await create(entry, data));
      expect(got.length).toBe(expected.length);
      const [output] = entry.graph.outputs.values();
      const { relativeL2, worst } = difference(output!.type.shape, got, expected);
      expect(relativeL2, `relative L2; worst element ${JSON.stringify(worst)}`).toBeLessThanOrEqual(agreement);
    },
  );
}
