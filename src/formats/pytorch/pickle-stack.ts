// The state of the machine that reads a pickle: its stack, marks and memo.

import type { FormatError } from "../../errors.ts";
import { construct } from "./globals.ts";
import type { PickleBytes } from "./pickle-bytes.ts";
import { Named, Opaque, type PickleValue, type StorageRef } from "./values.ts";

/** Lists, dictionaries, objects and places of the memo, of one pickle: a byte makes each. Checkpoints have a tenth of it. */
const mostObjects = 2_000_000;

export class PickleStack {
  readonly bytes: PickleBytes;
  readonly storages: StorageRef[] = [];
  #values: PickleValue[] = [];
  /** The stacks below each mark. */
  readonly #marks: PickleValue[][] = [];
  readonly #memo = new Map<number, PickleValue>();
  #objects = 0;

  constructor(bytes: PickleBytes) {
    this.bytes = bytes;
  }

  push(value: PickleValue): void {
    this.#values.push(value);
  }

  /** Pushes what takes memory of its own. */
  make(value: PickleValue): void {
    this.#count();
    this.#values.push(value);
  }

  top(): PickleValue {
    const value = this.#values.at(-1);
    if (value === undefined) throw this.fault("an empty stack");
    return value;
  }

  pop(): PickleValue {
    const value = this.#values.pop();
    if (value === undefined) throw this.fault("an empty stack");
    return value;
  }

  popMany(count: number): PickleValue[] {
    if (this.#values.length < count) throw this.fault("an empty stack");
    return this.#values.splice(this.#values.length - count);
  }

  mark(): void {
    this.#count();
    this.#marks.push(this.#values);
    this.#values = [];
  }

  /** All above the last mark. */
  popMark(): PickleValue[] {
    const items = this.#values;
    const below = this.#marks.pop();
    if (below === undefined) throw this.fault("no mark on the stack");
    this.#values = below;
    return items;
  }

  /** A value, or the last mark where nothing is above it. */
  drop(): void {
    if (this.#values.length === 0) this.popMark();
    else this.#values.pop();
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.fault(`nothing at ${index} of the memo`);
    this.push(value);
  }

  remember(index = this.#memo.size): void {
    this.#count();
    this.#memo.set(index, this.top());
  }

  /** Adds to the list, or set, on top. What a list of another class gets is left out. */
  append(items: readonly PickleValue[]): void {
    const target = this.top();
    if (target instanceof Opaque) return;
    if (!Array.isArray(target)) throw this.fault("items for what is no list");
    for (const item of items) target.push(item);
  }

  /** Adds to the dictionary on top: keys and values in turn. */
  setItems(items: readonly PickleValue[]): void {
    if (items.length % 2 !== 0) throw this.fault("a key without a value");
    const target = this.top();
    if (target instanceof Opaque) return;
    if (!(target instanceof Map)) throw this.fault("items for what is no dictionary");
    for (let n = 0; n < items.length; n += 2) target.set(items[n] ?? null, items[n + 1] ?? null);
  }

  /** What `callee(*args)` would be: see `construct`. */
  construct([callee, args]: readonly PickleValue[]): void {
    if (!Array.isArray(args)) throw this.fault("a call without arguments");
    const { file } = this.bytes;
    const made = callee instanceof Named ? construct(callee, args, file) : new Opaque("what an object returned");
    // A list of pairs may be made a dictionary again and again.
    if (made instanceof Map && Array.isArray(args[0])) this.#count(args[0].length);
    this.make(made);
  }

  /** Gives the object on top its state. Data has none: attributes of dictionaries and parameters are left out. */
  build(state: PickleValue): void {
    const target = this.top();
    if (target instanceof Opaque) target.state = state;
  }

  fault(what: string): FormatError {
    return this.bytes.fault(what);
  }

  #count(more = 1): void {
    this.#objects += more;
    if (this.#objects > mostObjects) throw this.fault(`more than ${mostObjects} objects`);
  }
}
