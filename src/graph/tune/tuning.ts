// Measured choices of kernels: what a tuning run leaves behind and `compile` uses. Plain data, so it can be kept anywhere.
import { FormatError, UsageError } from "../../errors.ts";
import type { DeviceTraits } from "../../ops/device-traits.ts";
import type { Call } from "../../ops/operator.ts";
import type { Node } from "../ir/graph.ts";
import { isolate } from "../ir/isolate.ts";
import { decompose } from "../passes/decompose.ts";
import { type Choice, candidates } from "../plan/choose.ts";
import { lower, wholeCall } from "../plan/lower.ts";

/** The fastest right way to compute a node on one adapter. */
export interface TuningEntry {
  /** Kernel or decomposition. */
  readonly choice: string;
  /** Of the rendered WGSL that was measured: an entry of other sources is not used. */
  readonly sourceHash: string;
  readonly microseconds: number;
}

/** The same tuning gives the same kernels and, on the same adapter, the same bits. */
export interface Tuning {
  readonly schema: 1;
  /** `driver` of the adapter that was measured. */
  readonly adapter: string;
  /** By {@link signature}. */
  readonly entries: Readonly<Record<string, TuningEntry>>;
}

/** What a choice depends on: operator, attributes, epilogue and shapes. */
export function signature({ operator, attrs, epilogue }: Node, call: Call): string {
  const shapes = call.inputs.map(({ shape, dtype }) => `${dtype}[${shape.join()}]`).join(" ");
  const numbers = Object.entries(attrs).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const fused = [epilogue.bias ? "bias" : "", epilogue.residual ? "residual" : "", JSON.stringify(epilogue.activation)];
  return [operator.name, shapes, ...numbers, ...fused.filter(Boolean)].join(" ");
}

/** Whether there is anything to choose from. */
export function isTunable(node: Node, call: Call, device: DeviceTraits): boolean {
  return candidates(node, call, device).length > 1;
}

/**
 * Takes each node's kernel from a tuning; nodes that it does not know, or knows by other sources, are left to their
 * operator and reported to `onMiss`. For one device.
 * Throws UsageError if the tuning is of another adapter.
 */
export function tunedChoice(tuning: Tuning, adapter: string, onMiss?: (node: string) => void): Choice {
  if (tuning.adapter !== adapter)
    throw new UsageError(`tuning: made for "${tuning.adapter}", this adapter is "${adapter}"; tune again`);
  const verified = new Map<string, string | undefined>();
  const choice: Choice = (node, call, device) => {
    const key = signature(node, call);
    if (verified.has(key)) return verified.get(key);
    const entry = tuning.entries[key];
    const applies = entry && candidates(node, call, device).some(({ name }) => name === entry.choice);
    const isSame = applies && sourceHash(node, entry.choice, device, choice) === entry.sourceHash;
    const name = isSame ? entry.choice : undefined;
    verified.set(key, name);
    if (name === undefined && isTunable(node, call, device)) onMiss?.(node.name);
    return name;
  };
  return choice;
}

/** Hash of all WGSL that a node runs by a candidate; its parts, if it has any, choose by `inner`. */
export function sourceHash(node: Node, candidate: string, device: DeviceTraits, inner: Choice): string {
  const graph = isolate(node);
  const choice: Choice = (part, ...of) => (part === graph.nodes[0] ? candidate : inner(part, ...of));
  const { once, run } = lower(decompose(graph, device, choice), device, choice);
  const sources = [...once.steps, ...run.steps].flatMap((step) =>
    step.kernel.dispatches(wholeCall(step.node), device).map(({ code }) => code),
  );
  return hash(sources.join("\0"));
}

/** FNV-1a over UTF-16 units, twice with different bases: 64 bits as hexadecimal. */
function hash(text: string): string {
  let [low, high] = [0x811c9dc5, 0x01234567];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit, 0x01000193);
  }
  return [high, low].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** Reads a tuning from JSON. `name` is for messages. Throws FormatError. */
export function parseTuning(text: string, name: string): Tuning {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`${name}: is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (!isRecord(value) || value.schema !== 1) throw new FormatError(`${name}: is no tuning of schema 1`);
  const { adapter, entries } = value;
  if (typeof adapter !== "string") throw new FormatError(`${name}: field adapter is missing`);
  if (!isRecord(entries)) throw new FormatError(`${name}: field entries is missing`);
  const checked = Object.entries(entries).map(([key, entry]) => {
    if (!isEntry(entry)) throw new FormatError(`${name}: entry "${key}" has no choice, sourceHash and microseconds`);
    const { choice, sourceHash, microseconds } = entry;
    return [key, { choice, sourceHash, microseconds }] as const;
  });
  return { schema: 1, adapter, entries: Object.fromEntries(checked) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEntry(value: unknown): value is TuningEntry {
  if (!isRecord(value)) return false;
  const { choice, sourceHash, microseconds } = value;
  return typeof choice === "string" && typeof sourceHash === "string" && typeof microseconds === "number";
}
