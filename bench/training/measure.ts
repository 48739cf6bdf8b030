// Measures a step of training: atrous and its peers, their first steps compared, then timed in turn.
import { difference } from "../../src/difference.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { GpuTimer } from "../../src/gpu/timing.ts";
import { joinOutputs } from "../contenders.ts";
import type { Measurement, MeasureOptions, PeerName } from "../measure.ts";
import { trainers } from "../peers/index.ts";
import type { DataPlace, PeerResult, TrainingMeasures } from "../record.ts";
import { createRow } from "../row.ts";
import { paced, sampleInterleaved } from "../sample.ts";
import { createTrainingData, type TrainingCase, type TrainingData } from "./case.ts";
import { createAtrousTrainer, type Trainer } from "./trainer.ts";

/** Steps that are compared before any is timed. */
const comparedSteps = 3;

/**
 * How far a peer's losses may be from ours, relative, and its first update of all weights, relative L2: rounding moves values
 * across a ReLU's edge, and each step multiplies what that does: updates of three steps were up to 9e-2 apart.
 */
const agreement = { loss: 1e-3, update: 2e-2 } as const;

/** What the first steps did. */
export interface FirstSteps {
  readonly losses: readonly number[];
  /** What the first step changed of each trained parameter, by name. */
  readonly update: ReadonlyMap<string, Float32Array>;
}

interface Rival {
  readonly name: PeerName;
  readonly trainer: Trainer;
  readonly steps: FirstSteps;
  readonly relativeL2: number;
}

/** Never rejects for a peer's sake: a peer that fails, or computes something else, has a problem instead of times. */
export async function measureTraining(
  gpu: Gpu,
  entry: TrainingCase,
  options: Pick<MeasureOptions, "rounds" | "peers" | "peaks">,
): Promise<Measurement> {
  const data = createTrainingData(entry);
  const ours = await createAtrousTrainer(gpu, entry, data);
  const rivals: Rival[] = [];
  const peers: Record<string, PeerResult> = {};
  try {
    const own = await takeFirstSteps(gpu, ours, data);
    for (const name of options.peers) {
      const found = await join(gpu, name, { entry, data, own });
      if ("problem" in found) peers[name] = found;
      else rivals.push({ name, ...found });
    }
    const all = [ours, ...rivals.map(({ trainer }) => trainer)];
    const [samples, ...theirs] = await sample(gpu, all, "device", options.rounds);
    rivals.forEach(({ name, relativeL2 }, i) => {
      peers[name] = { relativeL2, samples: theirs[i]! };
    });
    const uploaded = await sample(gpu, all, "host", options.rounds);
    const profile = GpuTimer.isAvailable(gpu) ? await ours.profile(options.rounds) : undefined;
    const row = createRow(entry, ours, { samples: samples!, profile, peaks: options.peaks, peers });
    const byName = <T>(values: readonly T[]) => Object.fromEntries(all.map(({ name }, i) => [name, values[i]!]));
    const training: TrainingMeasures = {
      losses: byName([own, ...rivals.map(({ steps }) => steps)].map(({ losses }) => losses)),
      uploaded: byName(uploaded),
      peakBytes: byName(all.map(({ peakBytes }) => peakBytes)),
    };
    const bad = own.losses.findIndex((loss) => !Number.isFinite(loss));
    const problem = bad >= 0 ? { problem: `the loss of step ${bad + 1} is ${own.losses[bad]}` } : {};
    return { row: { ...row, training, ...problem }, profile };
  } finally {
    await ours.dispose();
    for (const { trainer } of rivals) await trainer.dispose();
  }
}

function sample(gpu: Gpu, trainers: readonly Trainer[], place: DataPlace, rounds: number) {
  const [ours, ...others] = trainers.map((trainer) => ({ name: trainer.name, run: () => trainer.step(place) }));
  return sampleInterleaved([ours!, ...others.map((timed) => paced(gpu, timed))], rounds);
}

async function takeFirstSteps(gpu: Gpu, trainer: Trainer, data: TrainingData): Promise<FirstSteps> {
  const losses = [await gpu.waitFor(trainer.step("device"))];
  const update = new Map<string, Float32Array>();
  for (const [name, after] of await gpu.waitFor(trainer.parameters())) {
    const before = await data.parameter(name);
    update.set(
      name,
      after.map((value, i) => value - before[i]!),
    );
  }
  while (losses.length < comparedSteps) losses.push(await gpu.waitFor(trainer.step("device")));
  return { losses, update };
}

/** A peer that trains as we do, or why there is none. */
async function join(
  gpu: Gpu,
  name: PeerName,
  { entry, data, own }: { readonly entry: TrainingCase; readonly data: TrainingData; readonly own: FirstSteps },
): Promise<Omit<Rival, "name"> | { problem: string }> {
  const create = trainers[name];
  if (!create) return { problem: "does not train" };
  let trainer: Trainer | undefined;
  try {
    trainer = await create(entry, data);
    const steps = await takeFirstSteps(gpu, trainer, data);
    const compared = compareSteps(steps, own);
    if ("problem" in compared) await trainer.dispose();
    return "problem" in compared ? compared : { trainer, steps, ...compared };
  } catch (error) {
    await trainer?.dispose().catch(() => undefined);
    return { problem: error instanceof Error ? error.message.split("\n")[0]! : String(error) };
  }
}

/** Relative L2 of the first update over all parameters together; a problem where it, or a loss, is too far from ours. */
export function compareSteps(theirs: FirstSteps, ours: FirstSteps): { relativeL2: number } | { problem: string } {
  const names = [...theirs.update.keys()];
  const missing = names.find((name) => ours.update.get(name)?.length !== theirs.update.get(name)?.length);
  if (missing !== undefined) return { problem: `parameter ${missing} has another size` };
  const [got, expected] = [theirs, ours].map(({ update }) => joinOutputs(names.map((name) => update.get(name)!)));
  const { relativeL2 } = difference([got!.length], got!, expected!);
  if (!(relativeL2 <= agreement.update))
    return { problem: `the first update differs: relative L2 ${relativeL2.toExponential(1)}` };
  const off = ours.losses.map((loss, i) => Math.abs(theirs.losses[i]! / loss - 1));
  const differing = off.findIndex((error) => !(error <= agreement.loss));
  if (differing < 0) return { relativeL2 };
  return {
    problem: `the loss of step ${differing + 1} differs: ${theirs.losses[differing]}, not ${ours.losses[differing]}`,
  };
}
