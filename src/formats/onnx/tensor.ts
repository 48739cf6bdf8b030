// Tensors of an ONNX file: checked against their bytes when the file is opened, decoded when they are asked for.

import { FormatError, UnsupportedError } from "../../errors.ts";
import { elementCount, formatShape, type Shape } from "../../tensor.ts";
import { quote } from "../quote.ts";
import { type ElementType, elementByteSize, elementType, elementTypeName } from "./element-type.ts";
import { readElements } from "./elements.ts";
import type { TensorProto } from "./messages.ts";

/** More axes than any tensor has. */
const maxRank = 64;

/** Where external data lies, relative to the model. */
export interface ExternalPlace {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** A tensor with its bytes: little-endian elements, or the packed fields of the file. */
export interface FileTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
  readonly place: ExternalPlace | undefined;
  readonly proto: TensorProto;
}

/**
 * Checks a tensor's type, shape and bytes against each other. Bytes of external files are checked when they are read.
 * Throws FormatError that names the file and the tensor, UnsupportedError for elements that are not read.
 */
export function checkTensor(proto: TensorProto, file: string): FileTensor {
  const where = `${file}: tensor ${quote(proto.name)}`;
  const type = elementType(proto.dataType);
  if (type === undefined) {
    throw new UnsupportedError(`${where}: its elements are not read, got ${elementTypeName(proto.dataType)}`, []);
  }
  const shape = proto.dims;
  if (shape.length > maxRank || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new FormatError(`${where}: got shape ${formatShape(shape.slice(0, maxRank))}, expected sizes of 0 or more`);
  }
  const count = elementCount(shape);
  if (!Number.isSafeInteger(count)) {
    throw new FormatError(`${where}: too many elements, got shape ${formatShape(shape)}, expected fewer than 2^53`);
  }
  const place = proto.isExternal ? externalPlace(proto, where) : undefined;
  if (place === undefined) checkBytes(proto, { type, shape, count }, where);
  else checkLength(place.length, { type, shape, count }, where);
  return { name: proto.name, type, shape, place, proto };
}

/** The elements of a tensor that lies in the model's own file. */
export function elementsOf({ proto, type, shape, name }: FileTensor, file: string): Float64Array | Float32Array {
  const elements = readElements(proto, type, elementCount(shape));
  if (elements) return elements;
  throw new FormatError(
    `${file}: tensor ${quote(name)}: holds no ${elementCount(shape)} elements for ${type} ${formatShape(shape)}`,
  );
}

interface Expected {
  readonly type: ElementType;
  readonly shape: Shape;
  readonly count: number;
}

/** Each element takes at least a byte, so nobody allocates for elements that are not there. */
function checkBytes(proto: TensorProto, expected: Expected, where: string): void {
  if (proto.rawData) checkLength(proto.rawData.byteLength, expected, where);
  else {
    const fields = [proto.floatData, proto.int32Data, proto.int64Data, proto.doubleData, proto.uint64Data];
    const room = fields.flat().reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (room >= expected.count) return;
    throw new FormatError(
      `${where}: shape and bytes disagree, got ${room} bytes, expected ${expected.count} elements for ` +
        `${expected.type} ${formatShape(expected.shape)}`,
    );
  }
}

function checkLength(byteLength: number, { type, shape, count }: Expected, where: string): void {
  const expected = count * elementByteSize(type);
  if (byteLength === expected) return;
  throw new FormatError(
    `${where}: shape and bytes disagree, got ${byteLength} bytes, expected ${expected} for ${type} ${formatShape(shape)}`,
  );
}

function externalPlace({ externalData, dims, dataType }: TensorProto, where: string): ExternalPlace {
  const location = externalData.get("location");
  if (location === undefined) throw new FormatError(`${where}: is external, but has no location`);
  const number = (key: string, absent: number): number => {
    const text = externalData.get(key);
    const value = text === undefined ? absent : Number(text);
    if ((text === undefined || /^\d+$/.test(text)) && Number.isSafeInteger(value)) return value;
    throw new FormatError(`${where}: external data: ${key} is ${quote(text ?? "")}, expected a number of bytes`);
  };
  const type = elementType(dataType);
  const whole = elementCount(dims) * (type === undefined ? 1 : elementByteSize(type));
  return { location, offset: number("offset", 0), length: number("length", whole) };
}
