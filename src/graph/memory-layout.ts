// Which values of a section share memory because they hold the same elements, or may take each other's place:
// concatenations are written in place where every reader and writer can work on a view, reshapes are views of their
// input, and a sum may overwrite the residual that goes into it.
import { allowsView, bindingElements, type Regions, type View, wholeView } from "../ops/operator.ts";
import { byteLength, elementBytes, elementCount } from "../tensor.ts";
import type { Block, Piece } from "./assign-slots.ts";
import type { Value } from "./graph.ts";
import { createCall, type Step } from "./lower.ts";

export interface SectionValues {
  readonly steps: readonly Step[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

export interface LayoutOptions {
  /** Lets outputs overwrite residuals: it saves memory and costs variants of shaders. */
  readonly overwriteResiduals: boolean;
}

type MutableBlock = Block & { last: number; readonly pieces: Piece[]; readonly apart: Set<number> };

interface Place {
  readonly owner: Value;
  /** The part of the owner's memory that is bound: bytes from its beginning, and how many. */
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

/** A section's values before they have slots. */
export class MemoryLayout {
  readonly steps: readonly Step[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly elided = new Set<Step>();
  readonly inPlace = new Map<Step, Set<number>>();
  /** The value whose memory a value lies in, and where. */
  readonly #within = new Map<Value, Place>();
  readonly #readers = new Map<Value, Use[]>();
  readonly #writers = new Map<Value, { step: Step; output: number }>();

  constructor(section: SectionValues, options: LayoutOptions) {
    const { steps, inputs, outputs } = section;
    this.steps = steps;
    this.inputs = inputs;
    this.outputs = outputs;
    for (const input of inputs) this.#within.set(input, ownPlace(input));
    steps.forEach((step, index) => {
      step.operands.forEach((value, input) => {
        if (value.kind === "state") this.#within.set(value, ownPlace(value));
        this.#readers.set(value, [...this.#uses(value), { step, index, input }]);
      });
      step.node.outputs.forEach((value, output) => {
        this.#within.set(value, ownPlace(value));
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

  /** Where values lie; fixed values, which this section only reads, are not among them. */
  get places(): ReadonlyMap<Value, Place> {
    return this.#within;
  }

  #residents(owner: Value): Value[] {
    return [...this.#within].filter(([, place]) => place.owner === owner).map(([value]) => value);
  }

  #alias(step: Step): void {
    const [source] = step.operands;
    const { operator, attrs } = step.node;
    const output = step.node.outputs[0]!;
    const place = source && this.#within.get(source);
    if (!operator.alias || !place || source.kind === "input") return;
    const elements = operator.alias(attrs);
    if (elements % bindingElements !== 0) return;
    const start = place.start + elements * elementBytes(output.type.dtype);
    this.#within.set(output, { ...ownPlace(output), owner: place.owner, start });
    this.elided.add(step);
  }

  /** What overwrites a state lies where it lies. */
  #update(step: Step): void {
    const { updates } = step.node.operator;
    if (!updates) return;
    updates.forEach((input, i) => {
      this.#within.set(step.node.outputs[i]!, ownPlace(step.operands[input]!));
    });
    this.inPlace.set(step, new Set(updates));
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
    regions.offsets.forEach((offset, input) => {
      const value = inputs[input]!;
      const place = this.#within.get(value);
      if (!place || inputs.indexOf(value) !== input || !this.#mayMove(value, step, regions.layout)) return;
      this.#within.set(value, { owner: target.owner, ...placeInside(target, value, regions.layout, offset) });
      placed.add(input);
      if (!this.#readsWhatItWrites(target.owner)) return;
      this.#within.set(value, place);
      placed.delete(input);
    });
    if (placed.size === inputs.length) this.elided.add(step);
  }

  /** Whether a value may become a view: computed here, alone in its memory, stays inside, and every kernel can. */
  #mayMove(value: Value, concatenation: Step, layout: Regions["layout"]): boolean {
    const writer = this.#writers.get(value);
    if (!writer || this.outputs.includes(value) || this.elided.has(writer.step) || this.#residents(value).length !== 1)
      return false;
    if (layout === "dense") return true;
    const call = createCall(writer.step.node, (other) => wholeView(other.type));
    if (!allowsView(writer.step.kernel, call, { output: writer.output })) return false;
    return this.#uses(value).every(({ step, input }) => {
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

  /** Lets an output take the place of a residual that nobody needs after it; the kernel then reads and writes one binding. */
  #overwriteResidual(step: Step, index: number): void {
    const { node, kernel, operands } = step;
    const output = node.outputs[0]!;
    const input = operands.length - 1;
    const owner = node.epilogue.residual ? this.#within.get(operands[input]!)?.owner : undefined;
    // A state is there in the next run too.
    if (!kernel.residualInPlace || !owner || owner.kind === "state" || this.#within.get(output)?.owner !== output)
      return;
    const isWhole = byteLength(owner.type) === byteLength(output.type);
    const isReadOnce = operands.filter((value) => this.#within.get(value)?.owner === owner).length === 1;
    const isLast = this.#residents(owner).every(
      (value) => !this.outputs.includes(value) && this.#uses(value).every((use) => use.index <= index),
    );
    if (!isWhole || !isReadOnce || !isLast) return;
    for (const value of this.#residents(output)) this.#within.set(value, { ...ownPlace(value), owner });
    this.inPlace.set(step, new Set([input]));
  }

  /** The memory that is needed, when, and which of it may not share a buffer; by owner. */
  blocks(): ReadonlyMap<Value, Block> {
    const blocks = new Map<Value, MutableBlock>();
    const live = (value: Value, step: number) => {
      const owner = this.#within.get(value)?.owner;
      if (!owner || owner.kind === "state") return;
      const known = blocks.get(owner);
      if (known) known.last = step;
      else {
        blocks.set(owner, { bytes: byteLength(owner.type), first: step, last: step, pieces: [], apart: new Set() });
      }
    };
    for (const input of this.inputs) live(input, -1);
    this.steps.forEach((step, index) => {
      for (const value of [...step.operands, ...step.node.outputs]) live(value, index);
    });
    for (const output of this.outputs) live(output, this.steps.length);
    this.#addPieces(blocks);
    this.#keepApart(blocks);
    return blocks;
  }

  /** Values are in use from their own first step on, and then as long as anything in their memory. */
  #addPieces(blocks: ReadonlyMap<Value, MutableBlock>): void {
    const add = (value: Value, first: number) => {
      const { owner, start, view } = this.#within.get(value)!;
      if (owner.kind === "state") return;
      const { pieces, last } = blocks.get(owner)!;
      const [items = 1] = value.type.shape;
      const size = elementBytes(value.type.dtype);
      const bytes = (elementCount(value.type.shape) * size) / items;
      const isDense = view.batchStride * size === bytes;
      for (let item = 0; item < (isDense ? 1 : items); item++) {
        const offset = start + size * (view.offset + item * view.batchStride);
        pieces.push({ offset, bytes: isDense ? bytes * items : bytes, first, last });
      }
    };
    for (const input of this.inputs) add(input, -1);
    this.steps.forEach((step, index) => {
      for (const output of step.node.outputs) add(output, index);
    });
  }

  /** What a dispatch writes may not be in the buffer of what it reads. */
  #keepApart(blocks: ReadonlyMap<Value, MutableBlock>): void {
    const indices = new Map([...blocks.keys()].map((owner, index) => [owner, index]));
    for (const step of this.steps) {
      if (this.elided.has(step)) continue;
      // Two outputs stay apart as well: a kernel may write one, then read it while it writes the other.
      const written = step.node.outputs.map((value) => this.#within.get(value)!.owner);
      for (const one of written) {
        for (const other of [...written, ...this.#read(step)]) {
          if (one === other || one.kind === "state" || other.kind === "state") continue;
          blocks.get(one)!.apart.add(indices.get(other)!);
          blocks.get(other)!.apart.add(indices.get(one)!);
        }
      }
    }
  }

  /** Owners of what a step binds to read. */
  #read(step: Step): Value[] {
    return step.operands.flatMap((value, input) => {
      const owner = this.#within.get(value)?.owner;
      return owner && !this.inPlace.get(step)?.has(input) ? [owner] : [];
    });
  }

  /**
   * Bytes of the elements that are live at the worst step, which no plan with this order of steps can do without. Elements
   * count once in however many values they are; room that a concatenation keeps for parts yet to come does not count.
   */
  liveBytes(): number {
    const end = this.steps.length;
    const lastUse = new Map<Value, number>(this.outputs.map((value) => [value, end]));
    const use = (value: Value, step: number) => lastUse.set(value, Math.max(step, lastUse.get(value) ?? -1));
    const changes = new Array<number>(end + 3).fill(0);
    const count = (bytes: number, first: number, last: number) => {
      changes[first + 1]! += bytes;
      changes[last + 2]! -= bytes;
    };
    this.steps.toReversed().forEach((step, fromEnd) => {
      const index = end - 1 - fromEnd;
      const { outputs, operator } = step.node;
      const placed = this.inPlace.get(step);
      for (const output of outputs) use(output, index);
      const inState = (value: Value) => this.#within.get(value)?.owner.kind === "state";
      let own = outputs.reduce((sum, value) => sum + (inState(value) ? 0 : byteLength(value.type)), 0);
      step.operands.forEach((value, input) => {
        const isPart = this.elided.has(step) || (operator.regions !== undefined && placed?.has(input));
        if (isPart) {
          use(value, lastUse.get(outputs[0]!)!);
          own = operator.alias ? 0 : own - byteLength(value.type);
        } else use(value, placed?.has(input) ? index - 1 : index);
      });
      count(own, index, lastUse.get(outputs[0]!)!);
    });
    for (const input of this.inputs) count(byteLength(input.type), -1, lastUse.get(input) ?? -1);
    let live = 0;
    return Math.max(...changes.map((change) => (live += change)));
  }
}
