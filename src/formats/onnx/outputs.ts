// More outputs for a model, without decoding it: fields that stand after a message are merged into it, messages inside included.
// Source: https://protobuf.dev/programming-guides/encoding/#last-one-wins
import { concatenate } from "../source/concatenate.ts";

/** ModelProto.graph, GraphProto.output and ValueInfoProto.name, each followed by a length. */
const tags = { graph: (7 << 3) | 2, output: (12 << 3) | 2, name: (1 << 3) | 2 };

/** The bytes of a model that also gives the values named; their types are left to whoever runs it. */
export function withOutputs(model: Uint8Array, names: readonly string[]): Uint8Array {
  const outputs = names.map((name) => field(tags.output, field(tags.name, new TextEncoder().encode(name))));
  return concatenate([model, field(tags.graph, concatenate(outputs))]);
}

function field(tag: number, content: Uint8Array): Uint8Array {
  return concatenate([Uint8Array.of(tag, ...varint(content.length)), content]);
}

/** Seven bits a byte, the lowest first; the top bit says that more follow. */
function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
