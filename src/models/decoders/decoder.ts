// A decoder as a record, and which encoders fit it.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { type EncoderName, encoders } from "../encoders/index.ts";

/** What turns features of an encoder into one map. */
export interface Decoder {
  /** Strides of the features that it takes, finest first, out of those that an encoder has; undefined where that does not fit. */
  pick(strides: readonly number[]): readonly number[] | undefined;
  /** Appends it to a graph. `features` are those of the strides picked; `width` multiplies channel counts. */
  build(b: GraphBuilder, features: readonly Value[], width: number): Value;
}

/** Takes features of just these strides. */
export function pickExactly(wanted: readonly number[]): Decoder["pick"] {
  return (strides) => (wanted.every((stride) => strides.includes(stride)) ? wanted : undefined);
}

/** What a decoder takes of each encoder that fits it: the strides by the encoder's name. */
export function encodersFor({ pick }: Pick<Decoder, "pick">): ReadonlyMap<EncoderName, readonly number[]> {
  const names = Object.keys(encoders).filter((name): name is EncoderName => name in encoders);
  return new Map(
    names.flatMap((name) => {
      const picked = pick(encoders[name].strides);
      return picked ? [[name, picked] as const] : [];
    }),
  );
}
