// The table of docs/operators.md: made of the operators that are exported, of what the importer makes of ONNX operators, and of the
// errors that the checker recorded.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { markdownTable, readSection, type Section, writeSection } from "../../bench/report/markdown.ts";
import type { Operator } from "../../src/ops/index.ts";
import * as exported from "../../src/ops/index.ts";
import { onnxBecomes } from "../formats/onnx/operator-models.ts";
import type { OperatorErrors } from "./record-errors.ts";

/** Where it stands. */
export const operatorSection: Section = {
  document: "docs/operators.md",
  begin: "<!-- operators: written by `npm run operators:docs` from the operator tests -->",
  end: "<!-- /operators -->",
};

/** Every operator of the engine, by its name. */
export function operatorNames(): string[] {
  const records = Object.values(exported).filter((value): value is Operator => typeof value === "object");
  return records.map(({ name }) => name).sort();
}

/** What the suites of each operator recorded together. */
export async function readErrors(folder: string): Promise<Map<string, OperatorErrors>> {
  const merged = new Map<string, OperatorErrors>();
  for (const name of await readdir(folder)) {
    const found: OperatorErrors = JSON.parse(await readFile(join(folder, name), "utf8"));
    const before = merged.get(found.operator);
    merged.set(found.operator, before ? merge(before, found) : found);
  }
  return merged;
}

function merge(a: OperatorErrors, b: OperatorErrors): OperatorErrors {
  const larger = (key: "f32" | "f16") => {
    const [one, other] = [a.largest[key], b.largest[key]];
    if (one === undefined || other === undefined) return one === undefined ? other : one;
    return one === null || other === null ? (one ?? other) : Math.max(one, other);
  };
  const [f32, f16] = [larger("f32"), larger("f16")];
  const ranks = [...new Set([...a.ranks, ...b.ranks])];
  return { ...a, ranks, largest: { ...(f32 !== undefined && { f32 }), ...(f16 !== undefined && { f16 }) } };
}

/** The names of ONNX operators that each operator computes by itself, and how others are made. */
export async function onnxNames() {
  const direct = new Map<string, string[]>();
  const composed: string[] = [];
  const onImport: string[] = [];
  for (const [onnx, models] of [...(await onnxBecomes())].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const single = models.filter((operators) => operators.length === 1).map(([operator]) => operator!);
    for (const operator of new Set(single)) direct.set(operator, [...(direct.get(operator) ?? []), onnx]);
    const several = models.find((operators) => operators.length > 1);
    if (several) composed.push(`${onnx} (${several.join(", ")})`);
    if (models.every((operators) => operators.length === 0)) onImport.push(onnx);
  }
  return { direct, composed, onImport };
}

/**
 * The document with its table made anew; where `only` names operators, the other rows stay as they are.
 * Throws Error where the marks, the errors of an operator, or a row that is to stay are missing.
 */
export async function writeOperators(
  document: string,
  errors: ReadonlyMap<string, OperatorErrors>,
  only: readonly string[] = operatorNames(),
): Promise<string> {
  const kept = readOperators(document);
  const { direct, composed, onImport } = await onnxNames();
  const rows = operatorNames().map((name) => {
    const row = only.includes(name) ? formatRow(name, errors, direct.get(name)) : kept.get(name);
    if (!row) throw new Error(`${name}: it has no row yet: name it too`);
    return [`\`${name}\``, ...row];
  });
  const text = [
    markdownTable(["operator", "axes", "largest error, f32", "f16", "ONNX"], rows),
    `ONNX operators that are made of several: ${composed.join("; ")}. On import alone: ${onImport.join(", ")}.`,
  ];
  return writeSection(document, operatorSection, text.join("\n\n"));
}

function formatRow(name: string, errors: ReadonlyMap<string, OperatorErrors>, onnx: readonly string[] = []): string[] {
  const found = errors.get(name);
  if (!found) throw new Error(`${name}: no errors were recorded: it has no operator test`);
  return [formatRanks(found.ranks), formatError(found.largest.f32), formatError(found.largest.f16), onnx.join(", ")];
}

/** The table's cells, by operator. Throws Error where the marks are missing. */
export function readOperators(document: string): Map<string, string[]> {
  const rows = [...readSection(document, operatorSection).matchAll(/^\| `(\w+)` \| (.*) \|$/gm)];
  return new Map(rows.map(([, name, cells]) => [name!, cells!.split(" | ").map((cell) => cell.trim())]));
}

function formatRanks(ranks: readonly number[]): string {
  const [least, most] = [Math.min(...ranks), Math.max(...ranks)];
  return least === most ? String(least) : `${least} to ${most}`;
}

function formatError(share: number | null | undefined): string {
  if (share === undefined) return "-";
  return share === null ? "exact" : `${Math.ceil(share * 100)} %`;
}
