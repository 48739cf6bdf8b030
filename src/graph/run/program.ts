// A program with buffers, pipelines and bind groups: ready to be encoded any number of times.
import { BufferUsage, type Gpu } from "../../gpu/gpu.ts";
import type { Binding } from "../../ops/operator.ts";
import { byteLength } from "../../tensor.ts";
import type { Value } from "../ir/graph.ts";
import type { MemoryPlan } from "../plan/memory-plan.ts";
import type { PlannedProgram, PlannedStep } from "../plan/plan-program.ts";
import { type PreparedDispatch, prepareDispatches } from "./prepare-dispatches.ts";

/** A part of a buffer, in bytes. */
export type BufferRange = Required<GPUBufferBinding>;

export interface PreparedStep extends PlannedStep {
  readonly prepared: readonly PreparedDispatch[];
}

interface ProgramParts {
  readonly memory: MemoryPlan;
  readonly steps: readonly PreparedStep[];
  readonly slots: readonly GPUBuffer[];
  readonly uniforms: GPUBuffer;
  readonly rangeOf: (value: Value) => BufferRange;
}

export class PreparedProgram {
  readonly memory: MemoryPlan;
  readonly steps: readonly PreparedStep[];
  /** Where graph inputs, outputs and lasting values lie, row-major from the offset on. */
  readonly rangeOf: (value: Value) => BufferRange;
  readonly #gpu: Gpu;
  readonly #buffers: readonly GPUBuffer[];
  readonly #rebound = new Map<PreparedDispatch, { buffers: (GPUBuffer | undefined)[]; bindGroup: GPUBindGroup }>();

  private constructor(gpu: Gpu, { memory, steps, slots, uniforms, rangeOf }: ProgramParts) {
    this.#gpu = gpu;
    this.memory = memory;
    this.steps = steps;
    this.rangeOf = rangeOf;
    this.#buffers = [...slots, uniforms];
  }

  /** Allocates and binds; `lasting` are the buffers of values that outlive the program. Rejects with DeviceError. */
  static async create(
    gpu: Gpu,
    { memory, steps }: PlannedProgram,
    lasting: ReadonlyMap<Value, GPUBuffer>,
  ): Promise<PreparedProgram> {
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
    const slots: GPUBuffer[] = [];
    const rangeOf = (value: Value) => locate(value, memory, slots, lasting);
    const labels = labelsOf(memory);
    try {
      memory.slots.forEach((bytes, i) => {
        slots.push(gpu.createBuffer(bytes, usage, labels[i]!));
      });
      const groups = steps.map((step) => ({ ...step, resource: (of: Binding) => rangeOf(operandOf(step, of)) }));
      const { dispatches, uniforms } = await prepareDispatches(gpu, groups);
      let next = 0;
      const prepared = steps.map((step) => {
        const first = next;
        next += step.dispatches.length;
        return { ...step, prepared: dispatches.slice(first, next) };
      });
      return new PreparedProgram(gpu, { memory, steps: prepared, slots, uniforms, rangeOf });
    } catch (error) {
      for (const slot of slots) gpu.destroyBuffer(slot);
      throw error;
    }
  }

  /** Whether the value has its block to itself, so that a buffer of the caller's can stand for it. */
  standsAlone(value: Value): boolean {
    const { places, blocks } = this.memory;
    const owner = places.get(value)?.owner;
    return !!owner && blocks.has(owner) && [...places.values()].filter((place) => place.owner === owner).length === 1;
  }

  /** `external` are buffers in place of the plan's, for values that stand alone. */
  encode(pass: GPUComputePassEncoder, external: ReadonlyMap<Value, GPUBuffer> = new Map()): void {
    for (const step of this.steps) {
      if (external.size === 0) encodeStep(step, pass);
      else for (const dispatch of step.prepared) dispatch.encode(pass, this.#rebind(step, dispatch, external));
    }
  }

  /** Bind groups of one set of external buffers are kept until another set is used. */
  #rebind(step: PreparedStep, dispatch: PreparedDispatch, external: ReadonlyMap<Value, GPUBuffer>) {
    const buffers = dispatch.bindings.map((binding) => external.get(operandOf(step, binding)));
    if (buffers.every((buffer) => buffer === undefined)) return undefined;
    const known = this.#rebound.get(dispatch);
    if (known?.buffers.every((buffer, i) => buffer === buffers[i])) return known.bindGroup;
    const bindGroup = dispatch.bind((binding) => {
      const value = operandOf(step, binding);
      const buffer = external.get(value);
      return buffer ? { buffer, offset: 0, size: byteLength(value.type) } : this.rangeOf(value);
    });
    this.#rebound.set(dispatch, { buffers, bindGroup });
    return bindGroup;
  }

  dispose(): void {
    for (const buffer of this.#buffers) this.#gpu.destroyBuffer(buffer);
  }
}

/** For each slot the largest value in it, as errors name it. */
function labelsOf({ blocks, slots }: MemoryPlan): string[] {
  const most = slots.map(() => -1);
  const names = slots.map(() => "");
  for (const [{ name }, { slot, bytes }] of blocks) if (bytes > most[slot]!) [most[slot], names[slot]] = [bytes, name];
  return names.map((name) => `activations of ${name}`);
}

export function encodeStep({ prepared }: PreparedStep, pass: GPUComputePassEncoder): void {
  for (const dispatch of prepared) dispatch.encode(pass);
}

function operandOf({ operands, node }: PlannedStep, binding: Binding): Value {
  return "input" in binding ? operands[binding.input]! : node.outputs[binding.output]!;
}

/** A value's bytes: in the slot of its block, or in the buffer of the lasting value that it is, or is a part of. */
function locate(
  value: Value,
  { places, blocks }: MemoryPlan,
  slots: readonly GPUBuffer[],
  lasting: ReadonlyMap<Value, GPUBuffer>,
): BufferRange {
  const { owner, start, bytes } = places.get(value) ?? { owner: value, start: 0, bytes: byteLength(value.type) };
  const block = blocks.get(owner);
  const buffer = block ? slots[block.slot] : lasting.get(owner);
  if (!buffer) throw new Error(`value ${value.name} has no buffer`);
  return { buffer, offset: (block?.offset ?? 0) + start, size: bytes };
}
