// What flows along the edges while a graph is imported: numbers that are known, weights that are still in their file, and
// values that the GPU computes.

import type { Value } from "../../graph/ir/graph.ts";
import type { Shape } from "../../tensor.ts";
import type { ElementType } from "./element-type.ts";
import type { HostTensor } from "./host-tensor.ts";
import type { Window } from "./operators/window.ts";

/** Of a MaxPool's indices: what they were made of. */
export interface PooledPlaces {
  /** Within each plane, as the engine's pools give them and its unpools take them; of [N, C, W] as [N, C, 1, W]. */
  readonly places: Value;
  readonly window: Window;
  /** Of the pool's input, without N and C. */
  readonly size: Shape;
}

interface Computed {
  readonly kind: "computed";
  readonly type: ElementType;
  readonly shape: Shape;
  readonly value: Value;
  readonly pooled?: PooledPlaces;
}

export type Operand =
  | { readonly kind: "known"; readonly type: ElementType; readonly shape: Shape; readonly tensor: HostTensor }
  | { readonly kind: "weight"; readonly type: ElementType; readonly shape: Shape; readonly name: string }
  | Computed
  /** An input of a type that the GPU does not take; good for its shape only. */
  | { readonly kind: "shape-only"; readonly type: ElementType; readonly shape: Shape; readonly name: string };

export function known(tensor: HostTensor): Operand {
  return { kind: "known", type: tensor.type, shape: tensor.shape, tensor };
}

export function computed(type: ElementType, value: Value): Computed {
  return { kind: "computed", type, shape: value.type.shape, value };
}
