// Checked reading of the options of public functions: what is unknown or wrong is refused, never ignored.
import { UsageError } from "./errors.ts";

/** What a value may be, and how a message says so. */
export interface Rule {
  readonly expected: string;
  fits(value: unknown): boolean;
}

/** A rule for every option: the compiler asks for each. */
export type Rules<O> = { readonly [K in keyof Required<O>]: Rule };

/**
 * Gives options back that are an object of known names with fitting values; undefined is as good as absent.
 * Throws UsageError, beginning with `where`, that lists what there is.
 */
export function checkOptions<O extends object>(where: string, options: O, rules: Rules<O>): O {
  const known = new Map<string, Rule>(Object.entries<Rule>(rules));
  const names = [...known.keys()].join(", ");
  if (!isObject(options)) {
    throw new UsageError(`${where}: options are ${shown(options)}, expected an object of ${names}`);
  }
  for (const [name, value] of Object.entries(options)) {
    const rule = known.get(name);
    if (!rule) throw new UsageError(`${where}: unknown option "${name}", expected ${names}`);
    if (value === undefined || rule.fits(value)) continue;
    throw new UsageError(`${where}: ${name} is ${shown(value)}, expected ${rule.expected}`);
  }
  return options;
}

/** A value in a message: JSON where it is short, else its type. */
export function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  if (typeof value !== "object" || value === null) return String(value);
  if (!Array.isArray(value))
    return `${/^[AEIOU]/.test(value.constructor?.name ?? "O") ? "an" : "a"} ${value.constructor?.name ?? "Object"}`;
  return value.length <= 8 && value.every((item) => typeof item !== "object")
    ? `[${value.map(shown).join(", ")}]`
    : "a list";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

const rule = (expected: string, fits: (value: unknown) => boolean): Rule => ({ expected, fits });

export const flag = rule("true or false", (value) => typeof value === "boolean");
export const callback = rule("a function", (value) => typeof value === "function");
export const record = rule("an object", isObject);
export const bytes = rule("a Uint8Array", (value) => value instanceof Uint8Array);
export const list = rule("a list", Array.isArray);
export const names = rule("a list of names", (value) => isList(value, (item) => typeof item === "string"));
export const numbers = rule("a list of numbers", (value) => isList(value, (item) => typeof item === "number"));
/** Whether a number is in its range the function itself says. */
export const numeric = rule("a number", (value) => typeof value === "number");
export const word = rule("a text", (value) => typeof value === "string");

export function oneOf(...words: readonly string[]): Rule {
  return rule(`one of ${words.join(", ")}`, (value) => words.some((known) => known === value));
}

/** A list of some words. */
export function someOf(...words: readonly string[]): Rule {
  const each = oneOf(...words);
  return rule(`a list of ${words.join(", ")}`, (value) => isList(value, each.fits));
}

export function either(...rules: readonly Rule[]): Rule {
  return rule(rules.map(({ expected }) => expected).join(" or "), (value) => rules.some(({ fits }) => fits(value)));
}

function isList(value: unknown, fits: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(fits);
}
