// First values of parameters: PyTorch's distributions, the same for the same seed.
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { conv, convTranspose, normRelu } from "../../../src/models/blocks/layers.ts";
import { add } from "../../../src/ops/elementwise/arithmetic.ts";
import { initialWeights } from "../../../src/train/loop/initial-weights.ts";

function graph() {
  const b = new GraphBuilder();
  const image = b.input("image", [1, 8, 16, 16]);
  const first = conv(b, "conv1", image, { kernel: 3, outChannels: 64, padding: 1, groups: 2, bias: true });
  const up = convTranspose(b, "up", normRelu(b, "bn1", first), { kernel: 2, outChannels: 32, stride: 2, bias: true });
  b.output("y", b.apply(add, [up, b.parameter("scale", [32, 1, 1])], {}));
  return b.build();
}

/** Mean, standard deviation and the largest absolute value. */
function describeValues(values: Float32Array) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance), largest: Math.max(...values.map(Math.abs)) };
}

test("weights and biases are uniform within 1/sqrt(fan in)", () => {
  const initial = initialWeights(graph(), 5);
  // [64, 4, 3, 3]; and [64, 32, 2, 2] of the transposed one, of which PyTorch counts all axes but the first.
  for (const [name, fanIn] of [
    ["conv1.weight", 4 * 9],
    ["conv1.bias", 4 * 9],
    ["up.weight", 32 * 4],
    ["up.bias", 32 * 4],
  ] as const) {
    const values = initial(name);
    const bound = 1 / Math.sqrt(fanIn);
    const { mean, deviation, largest } = describeValues(values);
    // Four standard errors of a uniform distribution's mean, and of its deviation (that of the square is 2/sqrt(5) of the variance).
    const error = (4 * bound) / Math.sqrt(3 * values.length);
    expect(Math.abs(mean), `${name}: mean`).toBeLessThan(error);
    expect(Math.abs(deviation - bound / Math.sqrt(3)), `${name}: deviation`).toBeLessThan(0.5 * error);
    expect(largest, name).toBeLessThanOrEqual(bound);
    expect(largest, name).toBeGreaterThan(0.85 * bound);
    expect(new Set(values).size, `${name}: different numbers`).toBeGreaterThan(0.99 * values.length);
  }
});

test("batch norm begins as the identity, what nothing is known of as 0", () => {
  const initial = initialWeights(graph(), 5);
  const all = (name: string) => [...new Set(initial(name))];
  expect(["weight", "bias", "running_mean", "running_var"].map((field) => all(`bn1.${field}`))).toEqual([
    [1],
    [0],
    [0],
    [1],
  ]);
  expect(all("scale")).toEqual([0]);
});

test("a seed decides all of them, in whatever order they are asked for; each has numbers of its own", () => {
  const names = ["conv1.weight", "conv1.bias", "up.weight", "up.bias"];
  const [a, b, other] = [initialWeights(graph(), 5), initialWeights(graph(), 5), initialWeights(graph(), 6)];
  const forth = names.map((name) => a(name));
  const back = names
    .toReversed()
    .map((name) => b(name))
    .toReversed();
  expect(back).toEqual(forth);
  names.forEach((name, i) => {
    expect(other(name)[0], name).not.toBe(forth[i]![0]);
  });
  const shares = forth.map((values, i) => values[0]! / [1 / 6, 1 / 6, 128 ** -0.5, 128 ** -0.5][i]!);
  expect(new Set(shares.map((share) => share.toFixed(6))).size).toBe(names.length);
});

test("a transposed convolution that begins as bilinear interpolates each channel by itself", () => {
  const b = new GraphBuilder();
  const x = b.input("x", [1, 2, 4, 4]);
  const spec = { kernel: 4, outChannels: 2, stride: 2, initial: { bilinear: true } } as const;
  b.output("y", convTranspose(b, "up", x, spec));
  const row = [0.25, 0.75, 0.75, 0.25];
  const kernel = row.flatMap((a) => row.map((c) => a * c));
  const zeros = kernel.map(() => 0);
  expect([...initialWeights(b.build(), 0)("up.weight")]).toEqual([...kernel, ...zeros, ...zeros, ...kernel]);
});
