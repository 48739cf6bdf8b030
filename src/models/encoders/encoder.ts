// An encoder as a record.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";

export interface EncoderSettings {
  /** Multiplier of all channel counts. */
  readonly width: number;
  /** In front of every name: empty, or ended by a dot. */
  readonly prefix: string;
  /** The stride of the last feature wanted: stages behind it need not fit the image, and may be left out. Default: that of all. */
  readonly last?: number;
}

/** What turns an image into maps of falling size. */
export interface Encoder {
  /** Of its features, finest first: each is the image's size / the feature's. The image's sides are multiples of the last. */
  readonly strides: readonly number[];
  /** Appends it to a graph: image [N, C, H, W] to [N, c, H/stride, W/stride] for each stride. */
  features(b: GraphBuilder, image: Value, settings: EncoderSettings): readonly Value[];
}
