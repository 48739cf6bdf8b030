// A list of steps with buffers, pipelines and bind groups: ready to be encoded any number of times.
import { BufferUsage, type Gpu } from "../../gpu/gpu.ts";
import { deviceTraits } from "../../ops/device-traits.ts";
import type { Binding, Call, Dispatch } from "../../ops/operator.ts";
import { wholeView } from "../../ops/view.ts";
import { byteLength } from "../../tensor.ts";
import type { Value } from "../ir/graph.ts";
import { createCall, type Step } from "../plan/lower.ts";
import { type MemoryPlan, planMemory } from "../plan/memory-plan.ts";
import { type PreparedDispatch, prepareDispatches } from "./prepare-dispatches.ts";

export interface SectionSpec {
  readonly steps: readonly Step[];
  /** Written by the caller before the section runs. */
  readonly inputs: readonly Value[];
  /** Read by somebody after it ran. */
  readonly outputs: readonly Value[];
}

/** Everything about a section that needs no buffer yet. */
export interface PlannedSection {
  readonly spec: SectionSpec;
  readonly plan: MemoryPlan;
  /** The steps that are not elided. */
  readonly work: readonly PlannedStep[];
}

export interface PlannedStep {
  readonly step: Step;
  /** With the operands where the plan put them. */
  readonly call: Call;
  readonly dispatches: readonly Dispatch[];
}

/** A part of a buffer, in bytes. */
export type BufferPlace = Required<GPUBufferBinding>;

/** A step that is ready to be encoded. */
export interface PreparedStep {
  readonly planned: PlannedStep;
  readonly dispatches: readonly PreparedDispatch[];
}

export function planSection(gpu: Gpu, spec: SectionSpec): PlannedSection {
  const { maxBufferSize, maxStorageBufferBindingSize } = gpu.limits;
  const plan = planMemory(spec.steps, spec.inputs, spec.outputs, {
    maxSlotBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize),
  });
  const traits = deviceTraits(gpu);
  const view = (value: Value) => plan.placements.get(value)?.view ?? wholeView(value.type);
  const work = spec.steps
    .filter((step) => !plan.elided.has(step))
    .map((step) => {
      const call = createCall(step.node, view, plan.inPlace.get(step));
      return { step, call, dispatches: step.kernel.dispatches(call, traits) };
    });
  return { spec, plan, work };
}

/** All shader sources of a section, for compiling several sections at once. */
export function sectionSources({ work }: PlannedSection): { label: string; code: string }[] {
  return work.flatMap(({ step, dispatches }) => dispatches.map(({ code }) => ({ label: stepLabel(step), code })));
}

function stepLabel({ node, kernel }: Step): string {
  return `${node.name} (${kernel.name})`;
}

export class Section {
  readonly planned: PlannedSection;
  /** In the order of `planned.work`. */
  readonly steps: readonly PreparedStep[];
  readonly #gpu: Gpu;
  readonly #slots: readonly GPUBuffer[];
  readonly #uniforms: GPUBuffer;
  readonly #fixed: ReadonlyMap<Value, GPUBuffer>;
  readonly #rebound = new Map<PreparedDispatch, { buffers: (GPUBuffer | undefined)[]; bindGroup: GPUBindGroup }>();

  private constructor(
    gpu: Gpu,
    planned: PlannedSection,
    slots: readonly GPUBuffer[],
    fixed: ReadonlyMap<Value, GPUBuffer>,
    prepared: { dispatches: readonly PreparedDispatch[]; uniforms: GPUBuffer },
  ) {
    this.#gpu = gpu;
    this.planned = planned;
    this.#slots = slots;
    this.#fixed = fixed;
    let next = 0;
    this.steps = planned.work.map((step) => {
      const begin = next;
      next += step.dispatches.length;
      return { planned: step, dispatches: prepared.dispatches.slice(begin, next) };
    });
    this.#uniforms = prepared.uniforms;
  }

  /** Allocates and binds; `fixed` are buffers of values that the section only reads. Rejects with DeviceError. */
  static async create(gpu: Gpu, planned: PlannedSection, fixed: ReadonlyMap<Value, GPUBuffer>): Promise<Section> {
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
    const slots: GPUBuffer[] = [];
    try {
      planned.plan.slots.forEach((bytes, i) => {
        slots.push(gpu.createBuffer(bytes, usage, `activations ${i}`));
      });
      const requests = planned.work.map(({ step, dispatches }) => ({
        label: stepLabel(step),
        dispatches,
        resource: (binding: Binding) => locate(operandOf(step, binding), planned.plan, slots, fixed),
      }));
      const prepared = await prepareDispatches(gpu, requests);
      return new Section(gpu, planned, slots, fixed, prepared);
    } catch (error) {
      for (const slot of slots) gpu.destroyBuffer(slot);
      throw error;
    }
  }

  /** Where graph inputs, outputs and fixed values lie, row-major from the offset on. */
  place(value: Value): BufferPlace {
    return locate(value, this.planned.plan, this.#slots, this.#fixed);
  }

  /** Whether the value's memory is its own, so that a buffer of the caller's can stand for it. */
  standsAlone(value: Value): boolean {
    const { placements } = this.planned.plan;
    const storage = placements.get(value)?.storage;
    return storage !== undefined && [...placements.values()].filter((other) => other.storage === storage).length === 1;
  }

  /** `external` are buffers in place of the plan's, for values that stand alone. */
  encode(pass: GPUComputePassEncoder, external: ReadonlyMap<Value, GPUBuffer> = new Map()): void {
    for (const step of this.steps) {
      if (external.size === 0) encodeStep(step, pass);
      else for (const dispatch of step.dispatches) dispatch.encode(pass, this.#rebind(step, dispatch, external));
    }
  }

  /** Bind groups of one set of external buffers are kept until another set is used. */
  #rebind({ planned }: PreparedStep, dispatch: PreparedDispatch, external: ReadonlyMap<Value, GPUBuffer>) {
    const values = dispatch.bindings.map((binding) => operandOf(planned.step, binding));
    const buffers = values.map((value) => external.get(value));
    if (buffers.every((buffer) => buffer === undefined)) return undefined;
    const known = this.#rebound.get(dispatch);
    if (known?.buffers.every((buffer, i) => buffer === buffers[i])) return known.bindGroup;
    const bindGroup = dispatch.bind((binding) => {
      const value = operandOf(planned.step, binding);
      const buffer = external.get(value);
      return buffer ? { buffer, offset: 0, size: byteLength(value.type) } : this.place(value);
    });
    this.#rebound.set(dispatch, { buffers, bindGroup });
    return bindGroup;
  }

  dispose(): void {
    for (const slot of this.#slots) this.#gpu.destroyBuffer(slot);
    this.#gpu.destroyBuffer(this.#uniforms);
  }
}

export function encodeStep({ dispatches }: PreparedStep, pass: GPUComputePassEncoder): void {
  for (const dispatch of dispatches) dispatch.encode(pass);
}

function operandOf(step: Step, binding: Binding): Value {
  return "input" in binding ? step.operands[binding.input]! : step.node.outputs[binding.output]!;
}

function locate(
  value: Value,
  plan: MemoryPlan,
  slots: readonly GPUBuffer[],
  fixed: ReadonlyMap<Value, GPUBuffer>,
): BufferPlace {
  const placed = plan.placements.get(value);
  const { state, start } = plan.inStates.get(value) ?? { state: value, start: 0 };
  const buffer = placed ? slots[placed.storage.slot] : fixed.get(state);
  if (!buffer) throw new Error(`value ${value.name} has no buffer`);
  if (!placed) return { buffer, offset: start, size: byteLength(value.type) };
  return { buffer, offset: placed.storage.offset + placed.start, size: placed.bytes };
}
