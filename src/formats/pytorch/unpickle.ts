// A reader of Python's pickles that executes nothing: a stack machine whose opcodes make plain data (values.ts, globals.ts). It reads
// what protocols 2 to 5 write; the text opcodes of protocol 0, extension codes and buffers outside the file are refused.
// Everything is bounded: no step recurses, lengths are checked against the bytes that are there, and what a byte can make is small.
// Source: https://github.com/python/cpython/blob/main/Lib/pickletools.py

import { namedGlobal, storageOf } from "./globals.ts";
import { PickleBytes } from "./pickle-bytes.ts";
import { PickleStack } from "./pickle-stack.ts";
import type { PickleValue, StorageRef } from "./values.ts";

type Step = (stack: PickleStack) => void;

const scalars: Readonly<Record<number, Step>> = {
  78: (stack) => stack.push(null), // NONE
  136: (stack) => stack.push(true), // NEWTRUE
  137: (stack) => stack.push(false), // NEWFALSE
  74: (stack) => stack.push(stack.bytes.i32()), // BININT
  75: (stack) => stack.push(stack.bytes.u8()), // BININT1
  77: (stack) => stack.push(stack.bytes.u16()), // BININT2
  138: (stack) => stack.push(stack.bytes.long(stack.bytes.u8())), // LONG1
  139: (stack) => stack.push(stack.bytes.long(stack.bytes.u32())), // LONG4
  71: (stack) => stack.push(stack.bytes.f64()), // BINFLOAT
  88: (stack) => stack.push(stack.bytes.text(stack.bytes.u32())), // BINUNICODE
  140: (stack) => stack.push(stack.bytes.text(stack.bytes.u8())), // SHORT_BINUNICODE
  141: (stack) => stack.push(stack.bytes.text(stack.bytes.u64())), // BINUNICODE8
  // The strings of Python 2, whose names are text.
  84: (stack) => stack.push(stack.bytes.text(stack.bytes.u32())), // BINSTRING
  85: (stack) => stack.push(stack.bytes.text(stack.bytes.u8())), // SHORT_BINSTRING
  66: (stack) => stack.make(stack.bytes.take(stack.bytes.u32())), // BINBYTES
  67: (stack) => stack.make(stack.bytes.take(stack.bytes.u8())), // SHORT_BINBYTES
  142: (stack) => stack.make(stack.bytes.take(stack.bytes.u64())), // BINBYTES8
  150: (stack) => stack.make(stack.bytes.take(stack.bytes.u64())), // BYTEARRAY8
};

const collections: Readonly<Record<number, Step>> = {
  93: (stack) => stack.make([]), // EMPTY_LIST
  143: (stack) => stack.make([]), // EMPTY_SET
  41: (stack) => stack.make([]), // EMPTY_TUPLE
  125: (stack) => stack.make(new Map()), // EMPTY_DICT
  133: (stack) => stack.make(stack.popMany(1)), // TUPLE1
  134: (stack) => stack.make(stack.popMany(2)), // TUPLE2
  135: (stack) => stack.make(stack.popMany(3)), // TUPLE3
  116: (stack) => stack.make(stack.popMark()), // TUPLE
  145: (stack) => stack.make(stack.popMark()), // FROZENSET
  97: (stack) => stack.append([stack.pop()]), // APPEND
  101: (stack) => stack.append(stack.popMark()), // APPENDS
  144: (stack) => stack.append(stack.popMark()), // ADDITEMS
  115: (stack) => stack.setItems(stack.popMany(2)), // SETITEM
  117: (stack) => stack.setItems(stack.popMark()), // SETITEMS
};

const order: Readonly<Record<number, Step>> = {
  128: ({ bytes }) => requireProtocol(bytes), // PROTO
  149: ({ bytes }) => void bytes.u64(), // FRAME: how much may be read at once
  40: (stack) => stack.mark(), // MARK
  48: (stack) => stack.drop(), // POP
  49: (stack) => void stack.popMark(), // POP_MARK
  50: (stack) => stack.push(stack.top()), // DUP
  104: (stack) => stack.recall(stack.bytes.u8()), // BINGET
  106: (stack) => stack.recall(stack.bytes.u32()), // LONG_BINGET
  113: (stack) => stack.remember(stack.bytes.u8()), // BINPUT
  114: (stack) => stack.remember(stack.bytes.u32()), // LONG_BINPUT
  148: (stack) => stack.remember(), // MEMOIZE
};

const objects: Readonly<Record<number, Step>> = {
  // GLOBAL
  99: (stack) => stack.make(namedGlobal(stack.bytes.line(), stack.bytes.line(), stack.bytes.file)),
  147: stackGlobal, // STACK_GLOBAL
  81: persistent, // BINPERSID
  82: (stack) => stack.construct(stack.popMany(2)), // REDUCE
  129: (stack) => stack.construct(stack.popMany(2)), // NEWOBJ
  146: (stack) => stack.construct(stack.popMany(3)), // NEWOBJ_EX, whose names are left out
  98: (stack) => stack.build(stack.pop()), // BUILD
};

const steps: Readonly<Record<number, Step>> = { ...scalars, ...collections, ...order, ...objects };
const stop = 46;

/** A pickle's object, the byte after it, and the storages that it names. */
export interface Unpickled {
  readonly value: PickleValue;
  readonly end: number;
  readonly storages: readonly StorageRef[];
}

/** Reads the pickle that begins at byte `start`. Throws FormatError, and Truncated where the bytes end before the pickle does. */
export function unpickle(bytes: Uint8Array, start: number, file: string): Unpickled {
  const stack = new PickleStack(new PickleBytes(bytes, start, file));
  for (;;) {
    const opcode = stack.bytes.u8();
    if (opcode === stop) return { value: stack.pop(), end: stack.bytes.at, storages: stack.storages };
    const step = steps[opcode];
    if (!step) throw stack.fault(`opcode ${opcode}, expected those that protocols 2 to 5 write, without extensions`);
    step(stack);
  }
}

function requireProtocol(bytes: PickleBytes): void {
  const version = bytes.u8();
  if (version < 2 || version > 5) throw bytes.fault(`protocol ${version}, expected 2 to 5`);
}

function stackGlobal(stack: PickleStack): void {
  const [module, name] = stack.popMany(2);
  if (typeof module !== "string" || typeof name !== "string") throw stack.fault("a global without a name");
  stack.make(namedGlobal(module, name, stack.bytes.file));
}

function persistent(stack: PickleStack): void {
  const storage = storageOf(stack.pop(), stack.bytes.file);
  stack.storages.push(storage);
  stack.make(storage);
}
