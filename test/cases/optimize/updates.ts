import type { AdamTemplate } from "../../../shaders/optimize/adam-update.wgsl.ts";
import type { GradientScaleTemplate } from "../../../shaders/optimize/gradient-scale.wgsl.ts";
import type { SquaresTemplate } from "../../../shaders/optimize/packed-squares.wgsl.ts";
import type { SgdTemplate } from "../../../shaders/optimize/sgd-update.wgsl.ts";
import { packedBlock, packedWord } from "../../../shaders/wgsl/packed.ts";
import {
  adamUpdate,
  gradientScale,
  packedSquares,
  runningUpdate,
  sgdUpdate,
} from "../../../src/ops/optimize/updates.ts";
import type {
  InputSpec,
  OperatorCase,
  OperatorCases,
  ReferenceOutput,
  ReferenceTensor,
} from "../../support/operator-cases.ts";
import { createRandom, seedOf } from "../../support/random.ts";

/** Elements of packed tensors, one after the other, and the group of each. */
interface PackedSpec {
  readonly elements: readonly number[];
  readonly groups: readonly number[];
}

const one: PackedSpec = { elements: [128], groups: [0] };
const gaps: PackedSpec = { elements: [1, 130, 127, 256, 3], groups: [0, 0, 0, 0, 0] };
const grouped: PackedSpec = { elements: [5, 300, 128, 66], groups: [1, 0, 2, 1] };
/** Several workgroups. */
const many: PackedSpec = { elements: [1000, 7, 2048, 513], groups: [0, 1, 0, 1] };

const blocksOf = (elements: number) => Math.ceil(elements / packedBlock);

/** For each element of the packed tensor the group, or undefined in a gap. */
function groupsOf({ elements, groups }: PackedSpec): (number | undefined)[] {
  return elements.flatMap((count, tensor) =>
    Array.from({ length: packedBlock * blocksOf(count) }, (_, i) => (i < count ? groups[tensor] : undefined)),
  );
}

/** Random values; in the gaps NaN, which must not be used. */
function packed(
  spec: PackedSpec,
  name: string,
  [low, high]: readonly [number, number] = [-1, 1],
  gap = Number.NaN,
): InputSpec {
  const random = createRandom(seedOf(name));
  const values = groupsOf(spec).map((group) => (group === undefined ? gap : low + (high - low) * random()));
  return { shape: [values.length], values };
}

/** In the gaps a number, which must stay. */
function packedState(spec: PackedSpec, name: string, range: readonly [number, number] = [-1, 1]): InputSpec {
  return packed(spec, name, range, 7);
}

function blocks({ elements, groups }: PackedSpec): InputSpec {
  const values = elements.flatMap((count, tensor) =>
    Array.from({ length: blocksOf(count) }, (_, i) =>
      packedWord(Math.min(packedBlock, count - i * packedBlock), groups[tensor]!),
    ),
  );
  return { shape: [values.length], dtype: "u32", values };
}

/** Of the table that the operators get, as `groupsOf`. */
function decode(table: ReferenceTensor): (number | undefined)[] {
  return [...table.data].flatMap((word) =>
    Array.from({ length: 128 }, (_, i) => (i < word % 65536 ? Math.floor(word / 65536) : undefined)),
  );
}

interface Updated {
  readonly value: number;
  readonly magnitude: number;
}

/** What each element of the states becomes; gaps stay, and everything where the scale is not finite. */
function updateStates(
  states: readonly ReferenceTensor[],
  table: ReferenceTensor,
  scale: number,
  update: (element: number, group: number) => readonly Updated[],
): ReferenceOutput[] {
  const outputs = states.map(({ data }) => ({ data: data.slice(), magnitude: new Float64Array(data.length) }));
  if (!Number.isFinite(scale)) return outputs.map((output) => ({ ...output, exact: true }));
  decode(table).forEach((group, element) => {
    if (group === undefined) return;
    update(element, group).forEach(({ value, magnitude }, state) => {
      outputs[state]!.data[element] = value;
      outputs[state]!.magnitude[element] = magnitude;
    });
  });
  return outputs;
}

const scales = (...values: readonly number[]): InputSpec => ({ shape: [values.length], values });

function settings(rows: readonly (readonly number[])[]): InputSpec {
  return { shape: [rows.length, 2], values: rows.flat() };
}

const sgdRows = [
  [0.1, 0.01],
  [0.5, 0],
  [0, 1],
];

function sgdCase(why: string, spec: PackedSpec, given: SgdTemplate, scale = 1, unit = 1): OperatorCase<SgdTemplate> {
  const states = [packedState(spec, "weights"), packedState(spec, "velocities")];
  const inputs = [...states, packed(spec, "gradients"), blocks(spec), settings(sgdRows), scales(scale, 3, 5, unit)];
  return { why, inputs, given };
}

export const sgdUpdateCases: OperatorCases<SgdTemplate, SgdTemplate> = {
  operator: sgdUpdate,
  storages: ["f32"],
  reference([w, v, g, table, rows, factor], { momentum, nesterov }) {
    const scale = factor!.data[0]! * factor!.data[3]!;
    return updateStates([w!, v!], table!, scale, (i, group) => {
      const [rate, decay] = [rows!.data[2 * group]!, rows!.data[2 * group + 1]!];
      const gradient = scale * g!.data[i]! + decay * w!.data[i]!;
      const size = Math.abs(scale * g!.data[i]!) + Math.abs(decay * w!.data[i]!);
      const velocity = momentum * v!.data[i]! + gradient;
      const velocitySize = Math.abs(momentum * v!.data[i]!) + size;
      const step = nesterov ? gradient + momentum * velocity : velocity;
      const stepSize = nesterov ? size + momentum * velocitySize : velocitySize;
      return [
        { value: w!.data[i]! - rate * step, magnitude: Math.abs(w!.data[i]!) + rate * stepSize },
        { value: velocity, magnitude: velocitySize },
      ];
    });
  },
  cases: [
    sgdCase("one block, no momentum", one, { momentum: 0, nesterov: false }),
    sgdCase("gaps", gaps, { momentum: 0.9, nesterov: false }),
    sgdCase("groups, each with rate and decay of its own; a scale", grouped, { momentum: 0.9, nesterov: false }, 0.25),
    sgdCase("Nesterov's momentum, several workgroups", many, { momentum: 0.8, nesterov: true }, 2),
    sgdCase("a norm that f32 does not hold", gaps, { momentum: 0.9, nesterov: false }, 2 ** 81, 2 ** -80),
    sgdCase("an infinite scale changes nothing", gaps, { momentum: 0.9, nesterov: false }, Number.POSITIVE_INFINITY),
    sgdCase("nor does NaN", grouped, { momentum: 0.9, nesterov: true }, Number.NaN),
  ],
};

const adamRows = [
  [0.01, 0.1],
  [0.2, 0],
  [0, 1],
];

function adamCase(
  why: string,
  spec: PackedSpec,
  change: Partial<AdamTemplate & { step: number; scale: number }> = {},
): OperatorCase<AdamTemplate> {
  const { step = 3, scale = 1, ...template } = change;
  const given = { beta1: 0.9, beta2: 0.999, eps: 1e-8, decoupled: false, ...template };
  const states = ["weights", "first"]
    .map((name) => packedState(spec, name))
    .concat(packedState(spec, "second", [0.5, 1.5]));
  const factors = scales(scale, 3, step, 1);
  return { why, inputs: [...states, packed(spec, "gradients"), blocks(spec), settings(adamRows), factors], given };
}

export const adamUpdateCases: OperatorCases<AdamTemplate, AdamTemplate> = {
  operator: adamUpdate,
  storages: ["f32"],
  reference([w, m, v, g, table, rows, factor], { beta1, beta2, eps, decoupled }) {
    const [scale, step] = [factor!.data[0]!, factor!.data[2]!];
    const [correction1, correction2] = [1 - beta1 ** step, Math.sqrt(1 - beta2 ** step)];
    return updateStates([w!, m!, v!], table!, scale, (i, group) => {
      const [rate, decay] = [rows!.data[2 * group]!, rows!.data[2 * group + 1]!];
      const weight = w!.data[i]!;
      const penalty = decoupled ? 0 : decay * weight;
      const gradient = scale * g!.data[i]! + penalty;
      const size = Math.abs(scale * g!.data[i]!) + Math.abs(penalty);
      const first = beta1 * m!.data[i]! + (1 - beta1) * gradient;
      const firstSize = Math.abs(m!.data[i]!) + (1 - beta1) * size;
      const second = beta2 * v!.data[i]! + (1 - beta2) * gradient ** 2;
      const secondSize = beta2 * v!.data[i]! + (1 - beta2) * size ** 2;
      const before = decoupled ? weight * (1 - rate * decay) : weight;
      const divisor = Math.sqrt(second) / correction2 + eps;
      const unit = rate / correction1 / divisor;
      return [
        {
          value: before - unit * first,
          magnitude: 2 * Math.abs(weight) + unit * (firstSize + Math.abs(first) * (secondSize / second + 2)),
        },
        { value: first, magnitude: firstSize },
        { value: second, magnitude: secondSize },
      ];
    });
  },
  cases: [
    adamCase("one block, the first step", one, { step: 1 }),
    adamCase("gaps, after a thousand steps", gaps, { step: 1000 }),
    adamCase("where the series of the correction ends: ten steps", one, { step: 10 }),
    adamCase("a million steps", one, { step: 1e6 }),
    adamCase("betas of 0", one, { beta1: 0, beta2: 0 }),
    adamCase("groups, each with rate and decay of its own; a scale", grouped, { scale: 0.25 }),
    adamCase("AdamW", grouped, { decoupled: true, eps: 0.5 }),
    adamCase("other betas, several workgroups", many, { beta1: 0.5, beta2: 0.75, eps: 0.01 }),
    adamCase("an infinite scale changes nothing", gaps, { decoupled: true, scale: Number.POSITIVE_INFINITY }),
    adamCase("nor does NaN", grouped, { scale: Number.NaN }),
  ],
};

function runningCase(why: string, spec: PackedSpec, momentum: number): OperatorCase<{ readonly momentum: number }> {
  const inputs = [packedState(spec, "running"), packed(spec, "batch"), blocks(spec), scales(1, 1.125, 2)];
  return { why, inputs, given: { momentum } };
}

export const runningUpdateCases: OperatorCases<{ readonly momentum: number }, { readonly momentum: number }> = {
  operator: runningUpdate,
  storages: ["f32"],
  reference([running, batch, table, factors], { momentum }) {
    return updateStates([running!], table!, 1, (i, group) => {
      const [was, now] = [running!.data[i]!, factors!.data[group]! * batch!.data[i]!];
      return [{ value: (1 - momentum) * was + momentum * now, magnitude: Math.abs(was) + momentum * Math.abs(now) }];
    });
  },
  cases: [
    runningCase("one block", one, 0.1),
    runningCase("gaps", gaps, 0.1),
    runningCase("groups, each with a factor of its own; several workgroups", { ...many, groups: [0, 1, 2, 1] }, 0.3),
    runningCase("momentum 1: the batch's alone", grouped, 1),
  ],
};

function squaresCase(why: string, spec: PackedSpec, most?: number, largest = 1): OperatorCase<SquaresTemplate> {
  return { why, inputs: [packed(spec, "squared", [-largest, largest]), blocks(spec)], given: { most } };
}

export const packedSquaresCases: OperatorCases<SquaresTemplate, SquaresTemplate> = {
  operator: packedSquares,
  storages: ["f32"],
  reference([x, table], { most = Number.POSITIVE_INFINITY }) {
    // At most 1024 stretches of as many blocks each.
    const stretch = 128 * Math.ceil(table!.data.length / 1024);
    const stretches = Math.ceil(x!.data.length / stretch);
    const data = new Float64Array(2 * stretches);
    decode(table!).forEach((group, i) => {
      const value = x!.data[i]!;
      if (group === undefined) return;
      data[Math.floor(i / stretch)]! += value ** 2;
      data[stretches + Math.floor(i / stretch)]! +=
        Math.abs(value) >= most ? Number.POSITIVE_INFINITY : (2 ** -80 * value) ** 2;
    });
    const stored = data.map(Math.fround);
    return [{ data: stored, magnitude: stored.map((sum) => (Number.isFinite(sum) ? sum : 0)) }];
  },
  cases: [
    squaresCase("one block", one),
    squaresCase("gaps count nothing", gaps),
    squaresCase("as many stretches as there are, a block each", { elements: [1024 * 128 - 5], groups: [0] }),
    squaresCase("stretches of two blocks, the last one short", { elements: [130_000, 200, 6_001], groups: [0, 0, 0] }),
    squaresCase("overflows in some stretches", { elements: [128, 1, 128, 128], groups: [0, 0, 0, 0] }, 0.995),
    squaresCase("none as large as an overflow", gaps, 1),
    squaresCase("squares that f32 does not hold", { elements: [128, 3], groups: [0, 0] }, undefined, 1e25),
    squaresCase("as large as f32 holds", { elements: [128, 3, 128], groups: [0, 0, 0] }, undefined, 3.4e38),
  ],
};

function scaleCase(
  why: string,
  squares: readonly number[],
  { lossScale = 1, limit }: { lossScale?: number; limit?: number } = {},
): OperatorCase<GradientScaleTemplate> {
  const shrunken = squares.map((square) => 2 ** -160 * square);
  const stored = { shape: [2, squares.length], values: [...squares, ...shrunken].map(Math.fround) };
  return { why, inputs: [scales(41), stored, scales(lossScale)], given: { limit } };
}

export const gradientScaleCases: OperatorCases<GradientScaleTemplate, GradientScaleTemplate> = {
  operator: gradientScale,
  storages: ["f32"],
  reference([taken, squares, lossScale], { limit = Number.POSITIVE_INFINITY }) {
    const [plain, shrunken] = [0, 1].map((row) => {
      const half = squares!.data.length / 2;
      return squares!.data.slice(row * half, (row + 1) * half).reduce((sum, square) => sum + square, 0);
    }) as [number, number];
    const isAllFinite = Number.isFinite(shrunken);
    const unit = shrunken > 2 ** -60 ? 2 ** -80 : 1;
    const norm = Math.sqrt(shrunken > 2 ** -60 ? 2 ** 160 * shrunken : plain) / lossScale!.data[0]!;
    const factor = Math.min(1, limit / (norm + 1e-6)) / lossScale!.data[0]!;
    const own = Number.isFinite(limit) ? unit : 1;
    const count = taken!.data[0]! + (isAllFinite ? 1 : 0);
    const data = Float64Array.of(isAllFinite ? factor / own : Number.POSITIVE_INFINITY, Math.fround(norm), count, own);
    const magnitude = data.map((value) => (Number.isFinite(value) ? value : 0));
    return [
      { data: Float64Array.of(count), magnitude: Float64Array.of(0), exact: true },
      { data, magnitude },
    ];
  },
  cases: [
    scaleCase("one stretch, no limit", [9]),
    scaleCase("as long as it may be", [9, 7], { limit: 5 }),
    scaleCase("shortened", [100, 300, 1], { limit: 0.5 }),
    scaleCase("a scaled loss, shortened", [100, 300, 1], { limit: 2e-4, lossScale: 4096 }),
    scaleCase("no gradient at all", [0, 0], { limit: 1 }),
    scaleCase(
      "more stretches than lanes",
      Array.from({ length: 1024 }, (_, i) => i / 7),
      { limit: 3 },
    ),
    scaleCase("a norm of 1e25, shortened", [3.6e49, 6.4e49, 1], { limit: 0.5 }),
    scaleCase("a norm of 1e25, no limit", [3.6e49, 6.4e49], { lossScale: 8 }),
    scaleCase("a norm that f32 does not hold, of numbers that it holds", [1e77, 1e77, 1e77], { limit: 2 }),
    scaleCase("just below where the plain sum is taken", [2 ** 99], { limit: 1 }),
    scaleCase("an overflow", [1, Number.POSITIVE_INFINITY, 2], { limit: 1 }),
    scaleCase("a NaN, last of many", [...new Array<number>(700).fill(1), Number.NaN], { lossScale: 8 }),
  ],
};
