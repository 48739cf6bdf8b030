// What a pickle holds, as data. Nothing here has behaviour: a class or function of Python is its name, and an object of one is that
// name with what the pickle gave it.

import type { Shape } from "../../tensor.ts";
import type { SafetensorsDType } from "../safetensors/dtype.ts";

/** None, booleans, numbers (whole numbers beyond 2^53 are rounded), strings, bytes, and what is made of them. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly PickleValue[]
  | ReadonlyMap<PickleValue, PickleValue>
  | Named
  | Opaque
  | StorageRef
  | TensorRef;

/** A class or function of Python, by its name alone, as `collections.OrderedDict`. */
export class Named {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** An object of a class that is not read: its class, and what the pickle said of it. */
export class Opaque {
  readonly className: string;
  /** What `__setstate__` would get: for most classes, and all of `torch.nn`, a dictionary of its fields. */
  state: PickleValue = null;
  constructor(className: string) {
    this.className = className;
  }
}

/** Elements that the file holds beside the pickle; several tensors may lie in one storage. */
export class StorageRef {
  readonly key: string;
  /** As `FloatStorage`; `UntypedStorage` counts bytes. */
  readonly type: string;
  /** Elements of `type`, not of the tensor's. */
  readonly elements: number;
  /** Elements of the storage of `key` that lie before it, in files of the first versions. */
  readonly start: number;
  constructor(key: string, type: string, elements: number, start: number) {
    this.key = key;
    this.type = type;
    this.elements = elements;
    this.start = start;
  }
}

/** A view of a storage: the element at index i is at `offset` + sum of i * strides. */
export class TensorRef {
  readonly storage: StorageRef;
  /** Undefined where the type is none that is read. */
  readonly dtype: SafetensorsDType | undefined;
  /** As PyTorch names it. */
  readonly dtypeName: string;
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: Shape;
  constructor(parts: TensorRef) {
    this.storage = parts.storage;
    this.dtype = parts.dtype;
    this.dtypeName = parts.dtypeName;
    this.offset = parts.offset;
    this.shape = parts.shape;
    this.strides = parts.strides;
  }
}
