// Measures a gradient kernel: compared with its operators' reference kernels first, then timed.
import { difference } from "../src/difference.ts";
import type { Gpu } from "../src/gpu/gpu.ts";
import { GpuTimer } from "../src/gpu/timing.ts";
import { compile } from "../src/graph/run/compile.ts";
import { compileWithChoice } from "../src/graph/run/compiler.ts";
import { tune } from "../src/graph/tune/tune.ts";
import type { TensorData } from "../src/tensor.ts";
import { type AtrousData, createAtrous, createData, endsOf } from "./contenders.ts";
import type { GradientCase } from "./gradients.ts";
import { agreement, type Measurement, type MeasureOptions, ownAgreement, tuneOptions } from "./measure.ts";
import { createRow } from "./row.ts";
import { sampleInterleaved } from "./sample.ts";

/** Data stays on the GPU. Throws what the GPU says. */
export async function measureGradient(gpu: Gpu, entry: GradientCase, options: MeasureOptions): Promise<Measurement> {
  const data = await createGradientData(gpu, entry);
  const tuning = options.tune ? await tune(gpu, entry.graph, tuneOptions(entry, options)) : options.tuning;
  const expected = await referenceResult(gpu, entry, data);
  const ours = await createAtrous(gpu, entry, data, tuning);
  try {
    const own = ours.result(await ours.run());
    const { relativeL2 } = difference([own.length], own, expected);
    const [samples] = await sampleInterleaved([{ name: "atrous", run: async () => ours.compute() }], options.rounds);
    const profile = GpuTimer.isAvailable(gpu) ? await ours.profile(options.rounds) : undefined;
    const row = createRow(entry, ours, { samples: samples!, profile, peaks: options.peaks, peers: {} });
    const limit = entry.precision === "f32" ? agreement.f32 : ownAgreement;
    if (relativeL2 <= limit) return { row, profile };
    const problem = `relative L2 ${relativeL2.toExponential(1)} from the reference kernels`;
    return { row: { ...row, problem }, profile };
  } finally {
    await ours.dispose();
  }
}

/** Seeded numbers, and what the forward pass makes of them. */
async function createGradientData(gpu: Gpu, { graph, forward }: GradientCase): Promise<AtrousData> {
  const seeded = createData({
    graph: { ...graph, parameters: [...graph.parameters, ...forward.inputs, ...forward.parameters] },
  });
  if (forward.outputs.size === 0) return seeded;
  const given = await Promise.all(
    forward.inputs.map(
      async ({ name, type }) => [name, { shape: type.shape, data: await seeded.parameter(name) }] as const,
    ),
  );
  const compiled = await compile(gpu, forward, { parameter: seeded.parameter });
  try {
    const left = new Map<string, TensorData>();
    for (const [name, { data }] of Object.entries(await compiled.run(Object.fromEntries(given)))) left.set(name, data);
    return { image: seeded.image, parameter: async (name) => left.get(name) ?? seeded.parameter(name) };
  } finally {
    await compiled.dispose();
  }
}

/** In f32, by the first kernel of each operator. */
async function referenceResult(
  gpu: Gpu,
  { graph }: GradientCase,
  { image, parameter }: AtrousData,
): Promise<Float32Array> {
  const compiled = await compileWithChoice(gpu, graph, {
    parameter,
    choice: ({ operator }) => operator.kernels[0]!.name,
  });
  try {
    const ends = endsOf(graph);
    const results = await compiled.run({ [ends.image.name]: { shape: ends.image.type.shape, data: image } });
    return results[ends.output]!.data as Float32Array;
  } finally {
    await compiled.dispose();
  }
}
