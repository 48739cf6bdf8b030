// Copies between strided arrays: the dispatch behind every operator that only moves elements.
import { copy } from "../../shaders/copy.wgsl.ts";
import type { Shape } from "../tensor.ts";
import type { DeviceTraits, Dispatch } from "./operator.ts";
import { flatGrid, type Strided, walk, walkParams } from "./strided.ts";

/** Copies `sizes` elements from input `input` to output 0. */
export function copyDispatch(
  device: DeviceTraits,
  { sizes, x, y, input = 0 }: { sizes: Shape; x: Strided; y: Strided; input?: number },
): Dispatch {
  const plan = walk(sizes, { x, y });
  return {
    code: copy(plan.template),
    bindings: [{ input }, { output: 0 }],
    params: walkParams(plan),
    workgroups: flatGrid(plan.count, device),
  };
}
