// Where every value lies. Values that are never live at the same time share a buffer; concatenations are written in
// place where every reader and writer can work on a view; reshapes are views of their input.
//
// Each slot is a buffer of its own: WebGPU forbids reading and writing one buffer in the same dispatch, so one arena
// with offsets would not do.
import { allowsView, type View, wholeView } from "../ops/operator.ts";
import { byteLength } from "../tensor.ts";
import type { Value } from "./graph.ts";
import { createCall, type Step } from "./lower.ts";

/** Memory that one value, or several views of it, occupy. */
export interface Storage {
  readonly bytes: number;
  /** Index of the step that writes first; -1 for what is there before the first step. */
  readonly first: number;
  /** Index of the step that reads last; the number of steps for what outlives them. */
  readonly last: number;
  readonly slot: number;
}

export interface Placement {
  readonly storage: Storage;
  readonly view: View;
}

export interface MemoryPlan {
  /** Placements of the section's inputs and computed values; fixed values have buffers of their own. */
  readonly placements: ReadonlyMap<Value, Placement>;
  /** Bytes of each slot. */
  readonly slots: readonly number[];
  /** Steps that have nothing left to do. */
  readonly elided: ReadonlySet<Step>;
  /** Inputs of a step that are in place already. */
  readonly inPlace: ReadonlyMap<Step, ReadonlySet<number>>;
  readonly peakBytes: number;
  /** The most bytes live at any one step: no plan needs less. */
  readonly lowerBoundBytes: number;
}

/** A section's values before they have slots. */
class Layout {
  readonly steps: readonly Step[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly elided = new Set<Step>();
  readonly inPlace = new Map<Step, Set<number>>();
  /** The value whose memory a value lies in, and where. */
  readonly #within = new Map<Value, { owner: Value; view: View }>();
  readonly #readers = new Map<Value, { step: Step; input: number }[]>();
  readonly #writers = new Map<Value, { step: Step; output: number }>();

  constructor(steps: readonly Step[], inputs: readonly Value[], outputs: readonly Value[]) {
    this.steps = steps;
    this.inputs = inputs;
    this.outputs = outputs;
    for (const input of inputs) this.#within.set(input, { owner: input, view: wholeView(input.type) });
    for (const step of steps) {
      step.operands.forEach((value, input) => {
        this.#readers.set(value, [...this.readers(value), { step, input }]);
      });
      step.node.outputs.forEach((value, output) => {
        this.#within.set(value, { owner: value, view: wholeView(value.type) });
        this.#writers.set(value, { step, output });
      });
    }
    for (const step of steps) this.#aliasReshape(step);
    // From the last to the first, so that a concatenation inside another one finds its final place.
    for (const step of steps.toReversed()) this.#concatenateInPlace(step);
  }

  readers(value: Value): readonly { step: Step; input: number }[] {
    return this.#readers.get(value) ?? [];
  }

  /** Undefined for fixed values, which this section only reads. */
  within(value: Value): { owner: Value; view: View } | undefined {
    return this.#within.get(value);
  }

  #residents(owner: Value): Value[] {
    return [...this.#within].filter(([, place]) => place.owner === owner).map(([value]) => value);
  }

  #aliasReshape(step: Step): void {
    const [source] = step.operands;
    const output = step.node.outputs[0]!;
    const place = source && this.#within.get(source);
    if (!step.node.operator.alias || !place || source.kind === "input") return;
    this.#within.set(output, { owner: place.owner, view: wholeView(output.type) });
    this.elided.add(step);
  }

  #concatenateInPlace(step: Step): void {
    const { operator, attrs, inputs, outputs } = step.node;
    const regions = operator.regions?.(
      inputs.map((value) => value.type),
      attrs,
    );
    if (!regions) return;
    const target = this.#within.get(outputs[0]!)!;
    const placed = new Set<number>();
    this.inPlace.set(step, placed);
    regions.forEach((offset, input) => {
      const value = inputs[input]!;
      const place = this.#within.get(value);
      if (!place || inputs.indexOf(value) !== input || !this.#mayMove(value, step)) return;
      const view = { offset: target.view.offset + offset, batchStride: target.view.batchStride };
      this.#within.set(value, { owner: target.owner, view });
      placed.add(input);
      if (!this.#readsWhatItWrites(target.owner)) return;
      this.#within.set(value, place);
      placed.delete(input);
    });
    if (placed.size === inputs.length) this.elided.add(step);
  }

  /** Whether a value may become a view: computed here, alone in its memory, stays inside, and every kernel can. */
  #mayMove(value: Value, concatenation: Step): boolean {
    const writer = this.#writers.get(value);
    if (!writer || this.outputs.includes(value) || this.elided.has(writer.step) || this.#residents(value).length !== 1)
      return false;
    const call = createCall(writer.step.node, (other) => wholeView(other.type));
    if (!allowsView(writer.step.kernel, call, { output: writer.output })) return false;
    return this.readers(value).every(({ step, input }) => {
      if (step === concatenation) return true;
      const readerCall = createCall(step.node, (other) => wholeView(other.type));
      return !this.elided.has(step) && allowsView(step.kernel, readerCall, { input });
    });
  }

  #readsWhatItWrites(owner: Value): boolean {
    const inside = (value: Value) => this.#within.get(value)?.owner === owner;
    return this.steps.some((step) => {
      if (this.elided.has(step) || !step.node.outputs.some(inside)) return false;
      const placed = this.inPlace.get(step);
      return step.operands.some((value, input) => inside(value) && !placed?.has(input));
    });
  }
}

/** Plans one section of a graph: `inputs` are written before it, `outputs` are read after it. */
export function planMemory(steps: readonly Step[], inputs: readonly Value[], outputs: readonly Value[]): MemoryPlan {
  const layout = new Layout(steps, inputs, outputs);
  const spans = new Map<Value, { first: number; last: number }>();
  const live = (value: Value, step: number) => {
    const owner = layout.within(value)?.owner;
    if (!owner) return;
    const span = spans.get(owner) ?? { first: step, last: step };
    spans.set(owner, { first: Math.min(span.first, step), last: Math.max(span.last, step) });
  };
  for (const input of inputs) live(input, -1);
  steps.forEach((step, i) => {
    for (const value of [...step.node.outputs, ...step.operands]) live(value, i);
  });
  for (const output of outputs) live(output, steps.length);

  const { storages, slots } = assignSlots(spans);
  const placements = new Map<Value, Placement>();
  for (const value of [...inputs, ...steps.flatMap((step) => step.node.outputs)]) {
    const { owner, view } = layout.within(value)!;
    placements.set(value, { storage: storages.get(owner)!, view });
  }
  return {
    placements,
    slots,
    elided: layout.elided,
    inPlace: layout.inPlace,
    peakBytes: slots.reduce((sum, bytes) => sum + bytes, 0),
    lowerBoundBytes: peakOf([...storages.values()], steps.length),
  };
}

/** Greedy by size: each storage, largest first, takes the smallest slot that is free for its whole life. */
function assignSlots(spans: ReadonlyMap<Value, { first: number; last: number }>) {
  const bySize = [...spans].sort(([a], [b]) => byteLength(b.type) - byteLength(a.type));
  const slots: { bytes: number; taken: Storage[] }[] = [];
  const storages = new Map<Value, Storage>();
  for (const [owner, { first, last }] of bySize) {
    const bytes = byteLength(owner.type);
    const isFree = (slot: { taken: Storage[] }) =>
      slot.taken.every((other) => last < other.first || first > other.last);
    // Slots were opened in order of decreasing size, so the last free one is the smallest.
    let index = slots.findLastIndex(isFree);
    if (index < 0) index = slots.push({ bytes, taken: [] }) - 1;
    const storage = { bytes, first, last, slot: index };
    slots[index]!.taken.push(storage);
    storages.set(owner, storage);
  }
  return { storages, slots: slots.map((slot) => slot.bytes) };
}

function peakOf(storages: readonly Storage[], steps: number): number {
  let peak = 0;
  for (let step = -1; step <= steps; step++) {
    const live = storages.filter(({ first, last }) => first <= step && step <= last);
    peak = Math.max(
      peak,
      live.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  }
  return peak;
}
