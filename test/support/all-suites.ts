// Every suite of test/cases, for what is true of all operators.
import { readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { inputSpec, type OperatorCases } from "./operator-cases.ts";

const folder = resolve("test/cases");

/** In the order of their files. */
export async function allSuites(): Promise<readonly OperatorCases[]> {
  return (await suitesOfFamilies()).map(({ suite }) => suite);
}

/** With the folder that each is in. */
export async function suitesOfFamilies(): Promise<
  readonly { readonly family: string; readonly suite: OperatorCases }[]
> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const found = files.sort().map(async (file) => {
    const module: unknown = await import(join(folder, file));
    return suitesIn(module).map((suite) => ({ family: dirname(file), suite }));
  });
  return (await Promise.all(found)).flat();
}

/** Those that a module exports, alone or in lists and records. */
function suitesIn(value: unknown): OperatorCases[] {
  if (typeof value !== "object" || value === null) return [];
  return isSuite(value) ? [value] : Object.values(value).flatMap((entry) => (isCase(entry) ? [] : suitesIn(entry)));
}

function isSuite(value: object): value is OperatorCases {
  return "operator" in value && "cases" in value && "reference" in value;
}

function isCase(value: unknown): boolean {
  return typeof value !== "object" || value === null || "inputs" in value;
}

/** The type of a case's first input, floats as f32. */
export function firstType({ cases }: OperatorCases): string {
  return inputSpec(cases[0]!.inputs[0]!).dtype ?? "f32";
}
