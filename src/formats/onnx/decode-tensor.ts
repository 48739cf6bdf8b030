// Decoding tensors: their types and shapes, and where their bytes are.

import type { TensorProto } from "./messages.ts";
import { type Draft, lengthOf, varint, WireReader } from "./wire.ts";

/** Decodes a file that is one tensor, as data sets of tests are. Throws FormatError. */
export function decodeTensor(bytes: Uint8Array, file: string): TensorProto {
  const wire = new WireReader(bytes, file);
  const draft = newTensor();
  wire.whole((field, type) => readTensorField(wire, draft, field, type));
  return draft.tensor;
}

interface TensorDraft {
  readonly tensor: Draft<TensorProto>;
  readonly dims: number[];
  readonly externalData: Map<string, string>;
  /** Packed fields by their numbers. */
  readonly stretches: ReadonlyMap<number, Uint8Array[]>;
}

function newTensor(): TensorDraft {
  const dims: number[] = [];
  const externalData = new Map<string, string>();
  const floatData: Uint8Array[] = [];
  const int32Data: Uint8Array[] = [];
  const int64Data: Uint8Array[] = [];
  const doubleData: Uint8Array[] = [];
  const uint64Data: Uint8Array[] = [];
  const stretches = new Map([
    [4, floatData],
    [5, int32Data],
    [7, int64Data],
    [10, doubleData],
    [11, uint64Data],
  ]);
  const packed = { floatData, int32Data, int64Data, doubleData, uint64Data };
  const rest = { name: "", dataType: 0, rawData: undefined, isExternal: false };
  return { tensor: { ...rest, ...packed, dims, externalData }, dims, externalData, stretches };
}

/** Reads a tensor inside another message. */
export function readTensor(wire: WireReader): TensorProto {
  const draft = newTensor();
  wire.message("a tensor", (field, type) => readTensorField(wire, draft, field, type));
  return draft.tensor;
}

function readTensorField(wire: WireReader, draft: TensorDraft, field: number, type: number): void {
  const { tensor, dims, externalData } = draft;
  const key = field * 8 + type;
  const stretch = draft.stretches.get(field);
  if (stretch) wire.stretch(type, stretch);
  else if (field === 1) wire.integers(type, dims);
  else if (key === varint(2)) tensor.dataType = wire.integer();
  else if (key === lengthOf(8)) tensor.name = wire.text();
  else if (key === lengthOf(9)) tensor.rawData = wire.bytes();
  else if (key === lengthOf(13)) readEntry(wire, externalData);
  else if (key === varint(14)) tensor.isExternal = wire.integer() === 1;
}

function readEntry(wire: WireReader, entries: Map<string, string>): void {
  let [entry, value] = ["", ""];
  wire.message("an entry", (field, type) => {
    const key = field * 8 + type;
    if (key === lengthOf(1)) entry = wire.text();
    else if (key === lengthOf(2)) value = wire.text();
  });
  entries.set(entry, value);
}
