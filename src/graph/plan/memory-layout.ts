// Which values of a program share memory because they hold the same elements, or may take each other's place:
// concatenations are written in place where every reader and writer can work on a view, reshapes are views of their
// input, and a sum may overwrite the residual that goes into it.

import { nonEmpty, type Regions } from "../../ops/operator.ts";
import { allowsView, bindingElements, type View, wholeView } from "../../ops/view.ts";
import { byteLength, elementBytes } from "../../tensor.ts";
import type { Value } from "../ir/graph.ts";
import { type Program, type Step, wholeCall } from "./lower.ts";

export interface LayoutOptions {
  /** Lets outputs overwrite residuals: it saves memory and costs variants of shaders. */
  readonly overwriteResiduals: boolean;
  /** Values that are copied into the concatenations that they are parts of, not written there. */
  readonly copied?: ReadonlySet<Value>;
}

/** Where a value lies. */
export interface Place {
  /** The value whose block it lies in: itself, one that it is a part of, one whose memory it takes over, or a state. */
  readonly owner: Value;
  /** The part of the block that is bound: bytes from its beginning, and how many. */
  readonly start: number;
  readonly bytes: number;
  /** From there on. */
  readonly view: View;
}

function ownPlace(value: Value): Place {
  return { owner: value, start: 0, bytes: byteLength(value.type), view: wholeView(value.type) };
}

/** Where a part lies in the target of a concatenation. */
function placeInside(target: Place, { type }: Value, layout: Regions["layout"], offset: number): Omit<Place, "owner"> {
  if (layout === "dense") {
    const elements = target.view.offset + offset;
    const start = target.start + elements * elementBytes(type.dtype);
    return { start, bytes: byteLength(type), view: wholeView(type) };
  }
  const view = { offset: target.view.offset + offset, batchStride: target.view.batchStride };
  return { start: target.start, bytes: target.bytes, view };
}

interface Use {
  readonly step: Step;
  readonly index: number;
  readonly input: number;
}

/** Places of a program's values, before their blocks have slots. */
export class MemoryLayout implements Program {
  readonly steps: readonly Step[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly elided = new Set<Step>();
  readonly inPlace = new Map<Step, Set<number>>();
  readonly #places = new Map<Value, Place>();
  /** What lies in the memory of a value, by owner. */
  readonly #residents = new Map<Value, Set<Value>>();
  readonly #returned: ReadonlySet<Value>;
  readonly #copied: ReadonlySet<Value>;
  readonly #readers = new Map<Value, Use[]>();
  readonly #writers = new Map<Value, { step: Step; output: number }>();

  constructor({ steps, inputs, outputs }: Program, options: LayoutOptions) {
    this.steps = steps;
    this.inputs = inputs;
    this.outputs = outputs;
    this.#returned = new Set(outputs);
    this.#copied = options.copied ?? new Set();
    for (const input of inputs) this.#put(input, ownPlace(input));
    steps.forEach((step, index) => {
      step.operands.forEach((value, input) => {
        if (value.kind === "state") this.#put(value, ownPlace(value));
        const use = { step, index, input };
        const known = this.#readers.get(value);
        if (known) known.push(use);
        else this.#readers.set(value, [use]);
      });
      step.node.outputs.forEach((value, output) => {
        this.#put(value, ownPlace(value));
        this.#writers.set(value, { step, output });
      });
    });
    for (const step of steps) {
      this.#alias(step);
      this.#update(step);
    }
    // From the last to the first, so that a concatenation inside another one finds its final place.
    for (const step of steps.toReversed()) this.#concatenateInPlace(step);
    // From the first to the last, so that a chain of residual blocks stays in one place.
    if (!options.overwriteResiduals) return;
    for (const [index, step] of steps.entries()) this.#overwriteResidual(step, index);
  }

  #uses(value: Value): readonly Use[] {
    return this.#readers.get(value) ?? [];
  }

  /** Fixed values, which the program only reads, are not among them. */
  get places(): ReadonlyMap<Value, Place> {
    return this.#places;
  }

  #put(value: Value, place: Place): void {
    const before = this.#places.get(value)?.owner;
    if (before) this.#residents.get(before)!.delete(value);
    this.#places.set(value, place);
    const residents = this.#residents.get(place.owner);
    if (residents) residents.add(value);
    else this.#residents.set(place.owner, new Set([value]));
  }

  #residentsOf(owner: Value): Value[] {
    return [...(this.#residents.get(owner) ?? [])];
  }

  #alias(step: Step): void {
    const [source] = step.operands;
    const { operator, attrs } = step.node;
    const output = step.node.outputs[0]!;
    const place = source && this.#places.get(source);
    if (!operator.alias || !place || source.kind === "input") return;
    const elements = operator.alias(attrs);
    if (elements % bindingElements !== 0) return;
    const start = place.start + elements * elementBytes(output.type.dtype);
    this.#put(output, { ...ownPlace(output), owner: place.owner, start });
    this.elided.add(step);
  }

  /** What overwrites a state lies where it lies. */
  #update(step: Step): void {
    const { updates } = step.node.operator;
    if (!updates) return;
    updates.forEach((input, i) => {
      this.#put(step.node.outputs[i]!, ownPlace(step.operands[input]!));
    });
    this.inPlace.set(step, new Set(updates));
  }

  #concatenateInPlace(step: Step): void {
    const { operator, attrs, inputs, outputs } = step.node;
    const types = inputs.map((value) => value.type);
    const regions = operator.regions?.(nonEmpty(types, "inputs"), attrs);
    if (!regions) return;
    const target = this.#places.get(outputs[0]!)!;
    const placed = new Set<number>();
    this.inPlace.set(step, placed);
    const seen = new Set<Value>();
    regions.offsets.forEach((offset, input) => {
      const value = inputs[input]!;
      const place = this.#places.get(value);
      if (!place || seen.has(value) || this.#copied.has(value)) return;
      seen.add(value);
      if (!this.#mayMove(value, step, regions.layout)) return;
      // Others in its memory are the same elements under other shapes.
      const moved = this.#residentsOf(place.owner).map((resident) => [resident, this.#places.get(resident)!] as const);
      for (const [resident] of moved) {
        const inside = placeInside(target, resident, regions.layout, offset);
        this.#put(resident, { owner: target.owner, ...inside });
      }
      placed.add(input);
      if (!moved.some(([resident]) => this.#isReadWhereWritten(resident))) return;
      for (const [resident, before] of moved) this.#put(resident, before);
      placed.delete(input);
    });
    if (placed.size === inputs.length) this.elided.add(step);
  }

  /** Whether a value may become a view: computed here, alone in its memory, stays inside, and every kernel can. */
  #mayMove(value: Value, concatenation: Step, layout: Regions["layout"]): boolean {
    if (layout === "dense") return this.#mayMoveDensely(value);
    const writer = this.#writers.get(value);
    if (!writer || this.#returned.has(value) || this.elided.has(writer.step)) return false;
    if (this.#residents.get(value)?.size !== 1) return false;
    if (!allowsView(writer.step.kernel, wholeCall(writer.step.node), { output: writer.output })) return false;
    return this.#uses(value).every(({ step, input }) => {
      if (step === concatenation) return true;
      return !this.elided.has(step) && allowsView(step.kernel, wholeCall(step.node), { input });
    });
  }

  /** Whether nothing but the value, maybe under other shapes, is in its memory, and its kernel writes there. */
  #mayMoveDensely(value: Value): boolean {
    const { owner } = this.#places.get(value)!;
    const writer = this.#writers.get(owner);
    if (!writer || this.elided.has(writer.step)) return false;
    return this.#residentsOf(owner).every(
      (resident) => !this.#returned.has(resident) && byteLength(resident.type) === byteLength(value.type),
    );
  }

  /** Whether a step reads the memory of a value while it writes there, in the value itself or beside it. */
  #isReadWhereWritten(value: Value): boolean {
    const { owner } = this.#places.get(value)!;
    const inside = (other: Value) => this.#places.get(other)?.owner === owner;
    const clashes = (step: Step, input: number) => !this.elided.has(step) && !this.inPlace.get(step)?.has(input);
    const writer = this.#writers.get(value)?.step;
    return (
      (writer?.operands.some((operand, input) => inside(operand) && clashes(writer, input)) ?? false) ||
      this.#uses(value).some(({ step, input }) => step.node.outputs.some(inside) && clashes(step, input))
    );
  }

  /** Lets an output take the place of a residual that nobody needs after it; the kernel then reads and writes one binding. */
  #overwriteResidual(step: Step, index: number): void {
    const { node, kernel, operands } = step;
    const output = node.outputs[0]!;
    const input = operands.length - 1;
    const owner = node.epilogue.residual ? this.#places.get(operands[input]!)?.owner : undefined;
    // A state is there in the next run too.
    if (!kernel.residualInPlace || !owner || owner.kind === "state" || this.#places.get(output)?.owner !== output)
      return;
    const isWhole = byteLength(owner.type) === byteLength(output.type);
    const isReadOnce = operands.filter((value) => this.#places.get(value)?.owner === owner).length === 1;
    if (!isWhole || !isReadOnce) return;
    // Uses stand in the order of the steps.
    const isNeeded = (value: Value) => this.#returned.has(value) || (this.#uses(value).at(-1)?.index ?? -1) > index;
    if (this.#residentsOf(owner).some(isNeeded)) return;
    for (const value of this.#residentsOf(output)) this.#put(value, { ...ownPlace(value), owner });
    this.inPlace.set(step, new Set([input]));
  }
}
