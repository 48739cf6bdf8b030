// The messages of an ONNX file as far as an importer reads them. Fields have their names of onnx.proto3, in camelCase.
// Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3

export interface ModelProto {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly opsetImport: readonly OperatorSetId[];
  readonly graph: GraphProto | undefined;
  /** Names of the model's own functions, as `domain.name`. */
  readonly functions: readonly string[];
}

export interface OperatorSetId {
  readonly domain: string;
  readonly version: number;
}

export interface GraphProto {
  readonly name: string;
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly sparseInitializers: number;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export interface NodeProto {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly AttributeProto[];
}

/** Numbers of `AttributeProto.AttributeType`. */
export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

export interface AttributeProto {
  readonly name: string;
  /** 0 where an old file does not say. */
  readonly type: number;
  readonly f: number;
  readonly i: number;
  readonly s: string;
  readonly t: TensorProto | undefined;
  readonly g: GraphProto | undefined;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
  readonly strings: readonly string[];
}

/** Values stay the file's bytes: views, decoded when they are asked for. */
export interface TensorProto {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData: Uint8Array | undefined;
  /** Packed stretches of the typed fields, as they stand in the file. */
  readonly floatData: readonly Uint8Array[];
  readonly int32Data: readonly Uint8Array[];
  readonly int64Data: readonly Uint8Array[];
  readonly doubleData: readonly Uint8Array[];
  readonly uint64Data: readonly Uint8Array[];
  readonly isExternal: boolean;
  readonly externalData: ReadonlyMap<string, string>;
}

export interface ValueInfo {
  readonly name: string;
  /** Undefined for what is no tensor: sequences, maps, optionals. */
  readonly tensor: { readonly elementType: number; readonly shape: readonly Dimension[] | undefined } | undefined;
}

/** A size, the name of one, or neither. */
export type Dimension = number | string | undefined;
