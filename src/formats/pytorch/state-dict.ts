// Finds the parameters in what was saved: a state_dict, one under a usual name beside an optimizer and other things, or a whole module.

import { FormatError } from "../../errors.ts";
import { quote } from "../quote.ts";
import { Opaque, type PickleValue, TensorRef } from "./values.ts";

/** Where trainers put the state_dict, the first that is there. Averaged weights come last: they are asked for by nobody's default. */
const usualKeys = [
  ...[
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "network_weights",
    "net",
    "network",
    "module",
    "weights",
  ],
  ...["params", "generator", "encoder", "params_ema", "ema_state_dict", "model_ema", "state_dict_ema", "ema"],
];

/** Deeper than any module keeps its modules, and more than it names. */
const mostDepth = 64;
const mostNames = 1_000_000;

/** Tensors by their names, without the prefixes of DataParallel and torch.compile. Throws FormatError where there are none. */
export function stateDict(saved: PickleValue, file: string): ReadonlyMap<string, TensorRef> {
  const tensors = find(saved, file);
  if (tensors === undefined) {
    const keys = saved instanceof Map ? [...saved.keys()].filter((key) => typeof key === "string") : [];
    const got = keys.length > 0 ? keys.slice(0, 8).map(quote).join(", ") : "no dictionary";
    throw new FormatError(
      `${file}: holds no state_dict, got ${got}, expected tensors by name, or one of ${usualKeys.join(", ")}`,
    );
  }
  return withoutPrefixes(tensors, file);
}

/** What holds itself is met once. */
function find(
  value: PickleValue | undefined,
  file: string,
  met: Set<PickleValue> = new Set(),
): Map<string, TensorRef> | undefined {
  if (value instanceof Opaque) return moduleTensors(value, file);
  if (!(value instanceof Map) || met.has(value)) return undefined;
  met.add(value);
  for (const key of usualKeys) {
    const found = find(value.get(key), file, met);
    if (found) return found;
  }
  const own = new Map<string, TensorRef>();
  for (const [name, entry] of entriesOf(value)) {
    if (entry instanceof TensorRef) own.set(name, entry);
    else requireNoTensor(name, entry, file);
  }
  return own.size > 0 ? own : undefined;
}

/** Sparse, quantized and nested tensors are made by functions of their own, which are not read. */
function requireNoTensor(name: string, value: PickleValue, file: string): void {
  if (!(value instanceof Opaque) || !value.className.startsWith("torch._utils._rebuild_")) return;
  throw new FormatError(
    `${file}: tensor ${quote(name)}: unsupported kind, got ${quote(value.className)}, expected a dense tensor`,
  );
}

/** The parameters and buffers of a `torch.nn.Module` of any class, by its fields. */
function moduleTensors(module: Opaque, file: string): Map<string, TensorRef> | undefined {
  const found = new Map<string, TensorRef>();
  // A module may be there under several names. One that holds itself, or others again and again, runs out of names.
  let names = 0;
  const within: { readonly module: Opaque; readonly prefix: string; readonly depth: number }[] = [];
  const visit = (value: PickleValue | undefined, prefix: string, depth: number) => {
    if (value instanceof TensorRef) found.set(prefix, value);
    else if (value instanceof Opaque) {
      requireNoTensor(prefix, value, file);
      within.push({ module: value, prefix: prefix && `${prefix}.`, depth });
    }
  };
  visit(module, "", 0);
  for (const next of within) {
    if (next.depth > mostDepth) throw new FormatError(`${file}: its modules hold one another`);
    const { state } = next.module;
    if (!(state instanceof Map)) continue;
    for (const field of ["_parameters", "_buffers", "_modules"]) {
      const entries = state.get(field);
      if (entries instanceof Map) names += entries.size;
      if (names > mostNames) throw new FormatError(`${file}: its modules have more than ${mostNames} names`);
      for (const [name, child] of entriesOf(entries)) visit(child, next.prefix + name, next.depth + 1);
    }
  }
  return found.size > 0 ? found : undefined;
}

function entriesOf(value: PickleValue | undefined): [string, PickleValue][] {
  if (!(value instanceof Map)) return [];
  return [...value].filter((entry): entry is [string, PickleValue] => typeof entry[0] === "string");
}

/** `module.` stands before all names or none; `_orig_mod` anywhere. */
function withoutPrefixes(tensors: ReadonlyMap<string, TensorRef>, file: string): ReadonlyMap<string, TensorRef> {
  let names = [...tensors.keys()].map((name) => name.replaceAll(/(^|\.)_orig_mod\./g, "$1"));
  while (names.every((name) => /^module\../.test(name))) names = names.map((name) => name.slice("module.".length));
  const renamed = new Map<string, TensorRef>();
  for (const [n, tensor] of [...tensors.values()].entries()) {
    const name = names[n] ?? "";
    if (renamed.has(name))
      throw new FormatError(`${file}: holds the tensor ${quote(name)} twice, with a prefix and without`);
    renamed.set(name, tensor);
  }
  return renamed;
}
