// A program with everything that needs no GPU yet: places for its values and what its steps dispatch there.
import type { DeviceTraits } from "../../ops/device-traits.ts";
import type { Call, Dispatch } from "../../ops/operator.ts";
import { wholeView } from "../../ops/view.ts";
import type { Value } from "../ir/graph.ts";
import { createCall, type Program, type Step } from "./lower.ts";
import { type MemoryPlan, planMemory } from "./memory-plan.ts";

export interface PlannedStep extends Step {
  /** Names the step in errors of the GPU. */
  readonly label: string;
  /** With the operands where the plan put them. */
  readonly call: Call;
  readonly dispatches: readonly Dispatch[];
}

export interface PlannedProgram {
  readonly memory: MemoryPlan;
  /** Without elided ones. */
  readonly steps: readonly PlannedStep[];
}

export function planProgram(program: Program, device: DeviceTraits): PlannedProgram {
  const memory = planMemory(program, { maxSlotBytes: device.maxBufferBytes });
  const view = (value: Value) => memory.places.get(value)?.view ?? wholeView(value.type);
  const steps = program.steps
    .filter((step) => !memory.elided.has(step))
    .map((step) => {
      const { node, kernel } = step;
      const call = createCall(node, view, memory.inPlace.get(step));
      return { ...step, label: `${node.name} (${kernel.name})`, call, dispatches: kernel.dispatches(call, device) };
    });
  return { memory, steps };
}
