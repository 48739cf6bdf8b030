// Checkpoints that are no good, each with the message that says why; and what stands beside tensors without being in their way.
import { expect, test } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import { openPytorch } from "../../../src/formats/pytorch/index.ts";
import { bytesSource } from "../../../src/formats/source/source.ts";
import type { TensorFile } from "../../../src/formats/tensor-file.ts";
import {
  archive,
  bytes,
  checkpoint,
  dictionary,
  global,
  integer,
  type Part,
  pickle,
  tensor,
  text,
  tuple,
} from "./build.ts";

const eight = new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7).buffer);
const open = (file: Uint8Array) => openPytorch(bytesSource(file, "w.pth"));
/** A zip whose pickle is given, with a storage "0" of eight floats. */
const saved = (...parts: readonly Part[]) => archive({ "w/data.pkl": pickle(...parts), "w/data/0": eight });
const one = (parts: Parameters<typeof tensor>[0]) => saved(dictionary({ a: tensor(parts) }));
const call = (module: string, name: string, ...args: readonly Part[]) =>
  bytes(global(module, name), tuple(...args), "R");

async function readAll(file: TensorFile): Promise<void> {
  for (const name of file.entries.keys()) await file.readRaw(name);
}

const whole = one({ shape: [8] });
test.each<[string, Uint8Array, string]>([
  ["text", bytes("no checkpoint"), "is no checkpoint of PyTorch, expected a zip archive or a pickle"],
  ["nothing", new Uint8Array(0), "is no checkpoint of PyTorch"],
  ["a page", bytes("<!DOCTYPE html>"), "is a web page, expected a model file"],
  ["an archive that was cut", whole.subarray(0, -30), "it has no directory at its end: it was cut off"],
  ["an archive of other files", archive({ "a.txt": eight }), "that torch.save did not write, got 0 files data.pkl"],
  ["a compressed archive", archive({ "w/data.pkl": pickle("}") }, 8), '"w/data.pkl" is compressed (method 8)'],
  [
    "TorchScript",
    archive({ "w/data.pkl": pickle("}"), "w/constants.pkl": pickle("}") }),
    "is a TorchScript archive, expected the state_dict of its module",
  ],
  [
    "a big-endian archive",
    archive({ "w/data.pkl": pickle("}"), "w/byteorder": bytes("big") }),
    "was written on a big-endian machine",
  ],
  ["another pickle", pickle("}"), "is a pickle that torch.save did not write, expected a checkpoint of PyTorch"],
  ["a pickle that is cut", bytes("\x80\x02\x8a\x0a\x6c"), "the pickle ends before its last opcode, at byte 5 of it"],
  ["no tensors", saved("}"), "holds no state_dict, got no dictionary"],
  [
    "tensors under another name",
    saved(dictionary({ mine: dictionary({ a: tensor({ shape: [8] }) }) })),
    'holds no state_dict, got "mine", expected tensors by name, or one of state_dict, model_state_dict',
  ],
  ["protocol 0", saved("I1\n"), "no pickle that is read, got opcode 73, expected those that protocols 2 to 5 write"],
  ["protocol 9", saved("\x80\x09N"), "got protocol 9, expected 2 to 5"],
  ["an extension", saved("\x82\x01"), "got opcode 130"],
  ["an empty stack", saved("0"), "got no mark on the stack"],
  ["a mark that is not there", saved("u"), "got no mark on the stack"],
  ["a key without a value", saved("}(N", "u"), "got a key without a value"],
  ["items of a number", saved("K\x01(NNu"), "got items for what is no dictionary"],
  ["a memo that is empty", saved("h\x07"), "got nothing at 7 of the memo"],
  ["a text of 4 GiB", saved("X\xff\xff\xff\xff"), "the pickle ends before its last opcode"],
  ["a text of 2^63 bytes", saved("\x8d\0\0\0\0\0\0\0\x80"), "the pickle ends before its last opcode"],
  ["a number of 4 GiB", saved("\x8b\xff\xff\xff\xff"), "got a number of 4294967295 bytes, expected at most 128"],
  [
    "another persistent object",
    saved("K\x01Q"),
    'a persistent object of the pickle is no storage, expected ("storage", type,',
  ],
  ["a storage that is not there", one({ key: "5", shape: [8] }), 'the storage "5" of a tensor is not in the file'],
  [
    "a storage that is short",
    one({ shape: [9] }),
    'tensor "a" leaves its storage, got last byte 36, expected at most 32',
  ],
  [
    "a view that leaves its storage",
    one({ elements: 8, shape: [2, 2], strides: [7, 1] }),
    'tensor "a": leaves its storage, got last byte 36, expected at most 32',
  ],
  ["a view that begins behind it", one({ elements: 8, offset: 8, shape: [1] }), 'tensor "a": leaves its storage'],
  ["a negative stride", one({ elements: 8, shape: [2], strides: [-1] }), "a tensor of the pickle is none"],
  ["strides that are too few", one({ elements: 8, shape: [2, 2], strides: [1] }), "has 2 sizes and 1 strides"],
  [
    "one element as 10^9",
    one({ elements: 8, shape: [1e6, 1e3], strides: [0, 0] }),
    'tensor "a": [1000000, 1000] is larger than the file, got 4000000000 bytes',
  ],
  ["complex numbers", one({ type: "ComplexFloatStorage", shape: [2] }), 'unsupported type, got "ComplexFloatStorage"'],
  [
    "a sparse tensor",
    saved(dictionary({ a: tensor({ shape: [8] }), s: call("torch._utils", "_rebuild_sparse_tensor", "N", ")") })),
    'tensor "s": unsupported kind, got "torch._utils._rebuild_sparse_tensor", expected a dense tensor',
  ],
  [
    "a name with a prefix and without",
    saved(dictionary({ "a._orig_mod.b": tensor({ shape: [8] }), "a.b": tensor({ shape: [8] }) })),
    'holds the tensor "a.b" twice, with a prefix and without',
  ],
])("%s is refused", async (_, file, message) => {
  const reading = open(file).then(readAll);
  await expect(reading).rejects.toThrow(/^w\.pth: /);
  await expect(reading).rejects.toThrow(message);
  await expect(reading).rejects.toBeInstanceOf(FormatError);
});

test.each([
  ["os", "system"],
  ["nt", "system"],
  ["subprocess", "Popen"],
  ["builtins", "eval"],
  ["__builtin__", "exec"],
  ["importlib", "import_module"],
  ["torch.hub", "load"],
])("%s.%s is refused by name", async (module, name) => {
  const file = saved(dictionary({ a: tensor({ shape: [8] }), x: call(module, name, text("touch executed")) }));
  await expect(open(file)).rejects.toThrow(
    `w.pth: the pickle calls for "${module}.${name}", which no checkpoint needs`,
  );
});

const a = tensor({ shape: [8] });
const opaque = bytes(global("argparse", "Namespace"), ")\x81", dictionary({ rate: integer(1) }), "b");
test.each<[string, Part, readonly string[]]>([
  ["a dictionary", dictionary({ a, epoch: integer(3) }), ["a"]],
  ["an OrderedDict", bytes(call("collections", "OrderedDict"), "(", text("a"), a, "u"), ["a"]],
  ["objects of other classes", dictionary({ args: opaque, model: dictionary({ a }) }), ["a"]],
  ["what a function of theirs returned", dictionary({ x: call("numpy.core.multiarray", "scalar", "N"), a }), ["a"]],
  ["a usual name before tensors beside it", dictionary({ step: a, state_dict: dictionary({ b: a }) }), ["b"]],
  ["one name within another", dictionary({ model: dictionary({ state_dict: dictionary({ a }) }) }), ["a"]],
  ["DataParallel, twice", dictionary({ "module.module.a": a, "module.module.b.module.c": a }), ["a", "b.module.c"]],
  ["a name that begins so by chance", dictionary({ "module.a": a, b: a }), ["module.a", "b"]],
  ["compiled parts", dictionary({ "_orig_mod.a": a, "b._orig_mod.c": a }), ["a", "b.c"]],
  ["a dictionary in itself", bytes(dictionary({ a }), "q\x00", text("state_dict"), "h\x00s"), ["a"]],
])("%s: the tensors are found", async (_, value, names) => {
  const file = await open(saved(value));
  expect([...file.entries.keys()]).toEqual(names);
  for (const name of names) expect(await file.readF32(name)).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7));
});

test("views have their elements, however they lie", async () => {
  const views = {
    transposed: tensor({ elements: 8, shape: [4, 2], strides: [1, 4] }),
    part: tensor({ elements: 8, offset: 1, shape: [2, 2], strides: [4, 2] }),
    repeated: tensor({ elements: 8, offset: 3, shape: [3], strides: [0] }),
    overlapping: tensor({ elements: 8, shape: [3, 2], strides: [1, 1] }),
    "one by one": tensor({ elements: 8, offset: 7, shape: [1, 1], strides: [100, 100] }),
    none: tensor({ elements: 8, offset: 8, shape: [0, 5] }),
  };
  const file = await open(saved(dictionary(views)));
  const read: Record<string, number[]> = {};
  for (const name of file.entries.keys()) read[name] = [...(await file.readF32(name))];
  expect(read).toEqual({
    transposed: [0, 4, 1, 5, 2, 6, 3, 7],
    part: [1, 3, 5, 7],
    repeated: [3, 3, 3],
    overlapping: [0, 1, 1, 2, 2, 3],
    "one by one": [7],
    none: [],
  });
});

test("keys of storages that are no text are refused, before they are written as text", async () => {
  // Sixty lists, each of the one before twice: written out, 2^60 of them.
  const twice = Array.from(
    { length: 60 },
    (_, n) => `](h${String.fromCharCode(n)}h${String.fromCharCode(n)}eq${String.fromCharCode(n + 1)}`,
  );
  const keys = bytes("\x80\x02", "]q\x00", ...twice.flatMap((list) => ["0", list]), "q\x630](h\x63e.");
  const magic = bytes("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.");
  const file = bytes(magic, pickle("M\xe9\x03"), pickle("}"), pickle(dictionary({ a: tensor({ shape: [1] }) })), keys);
  await expect(open(file)).rejects.toThrow("w.pth: the key of a storage is no text");
});

test("modules that hold one another end", async () => {
  const child = bytes(global("m", "Net"), ")\x81q\x00");
  const state = dictionary({ _modules: dictionary({ again: "h\x00" }) });
  await expect(open(saved(child, state, "b"))).rejects.toThrow("w.pth: its modules hold one another");
});

test("a pickle of nothing but objects is refused while they are few", async () => {
  const file = saved("]".repeat(3_000_000));
  await expect(open(file)).rejects.toThrow("got more than 2000000 objects");
});

/** One object that many name costs once. */
const pairs = `](${"KaKb\x86".repeat(50_000)}e`;
const numbers = Array.from({ length: 60_000 }, (_, n) => `J${String.fromCharCode(n % 256, n >> 8, 0, 0)}N`);
const child = bytes(global("m", "Net"), ")\x81", dictionary({ _parameters: "h\x00" }), "b");
const children = dictionary(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`c${n}`, child])));
const parent = bytes(global("m", "Net"), ")\x81", dictionary({ _modules: children }), "b");
test.each<[string, Uint8Array, string]>([
  [
    "a list of pairs that becomes a dictionary 10,000 times",
    saved(pairs, "q\x01", "0", `${global("collections", "OrderedDict")}h\x01\x85R0`.repeat(10_000), "}"),
    "got more than 2000000 objects",
  ],
  [
    "a hundred modules with one dictionary of 60,000 names",
    saved(`}(${numbers.join("")}uq\x000`, parent),
    "its modules have more than 1000000 names",
  ],
])("%s: refused soon", async (_, file, message) => {
  const started = performance.now();
  await expect(open(file)).rejects.toThrow(message);
  expect(performance.now() - started).toBeLessThan(2000);
});

test("a name that stands twice in an archive is refused", async () => {
  const file = checkpoint({ a: { shape: [1], data: Float32Array.of(1) }, b: { shape: [1], data: Float32Array.of(2) } });
  const twice = bytes(Buffer.from(file).toString("latin1").replaceAll("data/1", "data/0"));
  await expect(open(twice)).rejects.toThrow('it holds "archive/data/0" twice');
});
