// Copies between strided arrays: the dispatch behind every operator that only moves elements.
import { copy } from "../../../shaders/move/copy.wgsl.ts";
import type { DType, Shape } from "../../tensor.ts";
import type { DeviceTraits } from "../device-traits.ts";
import type { Dispatch } from "../operator.ts";
import { wordType } from "../walk/operands.ts";
import { flatGrid, type Strided, walk, walkParams } from "../walk/strided.ts";

/** Copies `sizes` elements from input `input` to output 0. */
export function copyDispatch(
  device: DeviceTraits,
  { sizes, dtype, x, y, input = 0 }: { sizes: Shape; dtype: DType; x: Strided; y: Strided; input?: number },
): Dispatch {
  const plan = walk(sizes, { x, y });
  return {
    code: copy({ ...plan.template, word: wordType(dtype) }),
    bindings: [{ input }, { output: 0 }],
    params: walkParams(plan),
    workgroups: flatGrid(plan.count, device),
  };
}
