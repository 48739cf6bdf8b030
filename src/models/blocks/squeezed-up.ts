// A step of decoders: a quarter of the channels is doubled in size, then raised to the channels wanted.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import type { ConvTranspose2dGiven } from "../../ops/conv/conv2d.ts";
import { channelsOf, conv, convTranspose, normRelu } from "./layers.ts";

/** What the decoders' steps differ in. */
export interface SqueezedUpSpec {
  readonly outChannels: number;
  /** Names of the 1x1 convolution, the transposed one, and the second 1x1; of each with its batch norm. */
  readonly names: readonly [squeeze: Names, double: Names, raise: Names];
  /** Of the result. */
  readonly output: string;
  /** With a kernel and paddings that double height and width. */
  readonly transposed: ConvTranspose2dGiven & { readonly kernel: number; readonly bias?: boolean };
  /** Of the 1x1 convolutions. Default false. */
  readonly bias?: boolean;
}

type Names = readonly [conv: string, norm: string];

/** [N, C, h, w] to [N, outChannels, 2h, 2w]: 1x1 to C/4, transposed, 1x1; each with batch norm and ReLU. */
export function squeezedUp(b: GraphBuilder, x: Value, spec: SqueezedUpSpec): Value {
  const { outChannels, names, output, transposed, bias = false } = spec;
  const [[squeeze, squeezeNorm], [double, doubleNorm], [raise, raiseNorm]] = names;
  const middle = Math.max(1, Math.floor(channelsOf(x) / 4));
  const squeezed = normRelu(b, squeezeNorm, conv(b, squeeze, x, { kernel: 1, outChannels: middle, bias }));
  const doubled = normRelu(b, doubleNorm, convTranspose(b, double, squeezed, { outChannels: middle, ...transposed }));
  return normRelu(b, raiseNorm, conv(b, raise, doubled, { kernel: 1, outChannels, bias }), output);
}
