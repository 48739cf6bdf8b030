// Telling ONNX models from other files.

import { beginsAsPytorch, beginsAsSafetensors, foreignBytes, requireModel } from "../source/foreign.ts";
import { type Origin, openSource } from "../source/source.ts";

/** First bytes of a model: the tags of its version, producer, domain, graph or operator sets. */
const firstTags = [0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42];

/** Whether `origin` is an ONNX model: by its name, or by its first bytes where the name does not say. Throws FormatError. */
export async function isOnnx(origin: Origin): Promise<boolean> {
  const name = typeof origin === "string" || origin instanceof URL ? String(origin).replace(/[?#].*$/, "") : "";
  if (/\.onnx$/i.test(name)) return true;
  if (/\.safetensors$/i.test(name)) return false;
  const source = await openSource(origin);
  try {
    const start = await source.read(0, Math.min(foreignBytes, source.size));
    if (beginsAsPytorch(start)) return false;
    requireModel(start, source.name);
    return !beginsAsSafetensors(start) && firstTags.includes(start[0] ?? 0);
  } finally {
    await source.close();
  }
}
