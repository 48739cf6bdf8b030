// The globals that a pickle names. None is ever looked up or called: a name on the list below becomes the data that it stands for,
// any other an opaque object that keeps its name. So an optimizer, an argparse.Namespace or a whole module of a class that is not
// here do no harm, and do not stand in the way of the tensors beside them.

import { FormatError } from "../../errors.ts";
import type { Shape } from "../../tensor.ts";
import { quote } from "../quote.ts";
import { namedDType, storageDType } from "./dtype.ts";
import { Named, Opaque, type PickleValue, StorageRef, TensorRef } from "./values.ts";

/**
 * Modules and built-ins that checkpoints have no use for and attacks do. Nothing would be executed here; but who opened such a file
 * should hear of it, as the next program may execute it.
 */
const hostile = new RegExp(
  `^(${[
    ...["os", "posix", "nt", "subprocess", "_posixsubprocess", "sys", "shutil", "socket", "pty", "runpy", "importlib"],
    ...[
      "webbrowser",
      "ctypes",
      "_?pickle",
      "marshal",
      "code",
      "commands",
      "timeit",
      "pdb",
      "bdb",
      "c?[pP]rofile",
      "pip",
    ],
    "torch\\.hub",
    "(__builtin__|builtins)\\.(eval|exec|execfile|compile|open|__import__|globals|locals|vars|input|breakpoint|apply)",
  ].join("|")})(\\.|$)`,
);

/** A global by its name. Throws FormatError for what only attacks name. */
export function namedGlobal(module: string, name: string, file: string): Named {
  const full = `${module}.${name}`;
  if (hostile.test(full)) {
    throw new FormatError(
      `${file}: the pickle calls for ${quote(full)}, which no checkpoint needs: it may be an attack; nothing of it was executed`,
    );
  }
  return new Named(full);
}

const dictionaries = new Set([
  "collections.OrderedDict",
  "collections.defaultdict",
  "builtins.dict",
  "__builtin__.dict",
]);
const lists = new Set(["builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "__builtin__.set"]);

/** What `global(*args)` would be. Throws FormatError for tensors whose arguments are none. */
export function construct(callee: Named, args: readonly PickleValue[], file: string): PickleValue {
  const { name } = callee;
  if (dictionaries.has(name)) return pairsOf(args.at(0));
  if (lists.has(name) || name === "torch.Size") return Array.isArray(args[0]) ? args[0] : [];
  switch (name) {
    case "torch._utils._rebuild_tensor":
    case "torch._utils._rebuild_tensor_v2":
      return tensor(args, undefined, file);
    case "torch._utils._rebuild_tensor_v3":
      return tensor(args, args[6], file);
    case "torch._utils._rebuild_parameter":
    case "torch._utils._rebuild_parameter_with_state":
      return args[0] ?? null;
    case "torch._tensor._rebuild_from_type_v2":
      return args[0] instanceof Named && Array.isArray(args[2]) && args[0].name !== name
        ? construct(args[0], args[2], file)
        : new Opaque(name);
    // An object without its `__init__`: copyreg's for the class that comes first.
    case "copy_reg._reconstructor":
    case "copyreg._reconstructor":
      return new Opaque(args[0] instanceof Named ? args[0].name : name);
    default:
      return new Opaque(name);
  }
}

/** The entries that an OrderedDict is made with: a list of pairs, where there is one. */
function pairsOf(given: PickleValue | undefined): Map<PickleValue, PickleValue> {
  const made = new Map<PickleValue, PickleValue>();
  for (const pair of Array.isArray(given) ? given : []) {
    if (Array.isArray(pair) && pair.length === 2) made.set(pair[0] ?? null, pair[1] ?? null);
  }
  return made;
}

/** Source: torch/_utils.py, `_rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks)`. */
function tensor(args: readonly PickleValue[], dtype: PickleValue | undefined, file: string): TensorRef {
  const [storage, offset, shape, strides] = args;
  if (!(storage instanceof StorageRef) || !isIndex(offset) || !isShape(shape) || !isShape(strides)) {
    throw new FormatError(
      `${file}: a tensor of the pickle is none, expected a storage, an offset, a shape and strides`,
    );
  }
  if (shape.length !== strides.length) {
    throw new FormatError(
      `${file}: a tensor of the pickle has ${shape.length} sizes and ${strides.length} strides, expected as many of each`,
    );
  }
  const given = dtype instanceof Named ? dtype.name.replace(/^torch\./, "") : undefined;
  const found = given === undefined ? storageDType(storage.type) : namedDType(given);
  return new TensorRef({ storage, dtype: found, dtypeName: given ?? storage.type, offset, shape, strides });
}

/** As many as PyTorch's own tensors may have. */
const mostAxes = 64;

const isIndex = (value: PickleValue | undefined): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const isShape = (value: PickleValue | undefined): value is Shape =>
  Array.isArray(value) && value.length <= mostAxes && value.every(isIndex);

/**
 * A storage by what torch.save says of it: ("storage", class, key, location, elements), in the oldest files with (key, offset,
 * elements) of a view of it. Throws FormatError for anything else.
 */
export function storageOf(id: PickleValue, file: string): StorageRef {
  if (Array.isArray(id) && id[0] === "storage") {
    const [, type, key, , elements, view] = id;
    const [, start, count] = Array.isArray(view) ? view : [undefined, 0, elements];
    const isNamed = type instanceof Named && /^torch\.(storage\.)?\w+Storage$/.test(type.name);
    const keyText = typeof key === "number" ? String(key) : key;
    if (isNamed && typeof keyText === "string" && isIndex(elements) && isIndex(start) && isIndex(count)) {
      if (start + count > elements) throw new FormatError(`${file}: a view leaves its storage ${quote(keyText)}`);
      return new StorageRef(keyText, type.name.slice(type.name.lastIndexOf(".") + 1), count, start);
    }
  }
  throw new FormatError(
    `${file}: a persistent object of the pickle is no storage, expected ("storage", type, key, ...)`,
  );
}
