// Options of networks: what each may be, and their checked reading.

import { FormatError } from "../errors.ts";
import { quoteValue } from "../formats/quote.ts";

/** What a number, or each one of a list, may be; both ends included. */
export interface NumberRange {
  readonly integer?: true;
  readonly from: number;
  readonly to: number;
}

interface Described<T> {
  /** What it means, in a sentence, without the default. */
  readonly text: string;
  readonly default: T;
}

type FlagRule = Described<boolean> & { readonly range?: undefined; readonly words?: undefined };
type NumberRule = Described<number> & { readonly range: NumberRange; readonly words?: undefined };
type NumbersRule = Described<readonly number[]> & { readonly range: NumberRange; readonly words?: undefined };
type WordRule<T> = Described<T> & { readonly range?: undefined; readonly words: readonly [T, ...T[]] };

/** What an option may be: true or false, a number in a range, a list of such numbers, or one of some words. */
export type OptionRule = FlagRule | NumberRule | NumbersRule | WordRule<string>;

/** A rule for each option, whose default has its type. */
export type OptionRules<O> = {
  readonly [K in keyof O]: O[K] extends string ? WordRule<O[K]> : Extract<OptionRule, { readonly default: O[K] }>;
};

/** Numbers in an option that is a list. */
export const longestList = 64;

/**
 * Reads options from parsed JSON by their rules; what is absent is the default.
 * Throws FormatError naming the option that is unknown or wrong.
 */
export function readOptions<O extends object>(given: unknown, where: string, rules: OptionRules<O>): O {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new FormatError(`${where}: got ${quoteValue(given)}, expected an object of options`);
  }
  const known = new Map(Object.entries<OptionRule>(rules));
  const options: Record<string, unknown> = {};
  for (const [name, rule] of known) options[name] = rule.default;
  for (const [name, value] of Object.entries(given)) {
    const rule = known.get(name);
    if (!rule) throw new FormatError(`${where}: unknown option "${name}", expected ${[...known.keys()].join(", ")}`);
    const problem = optionProblem(value, rule);
    if (problem) throw new FormatError(`${where}: option ${name} is ${quoteValue(value)}, expected ${problem}`);
    options[name] = value;
  }
  return options as O;
}

/** What was expected, or undefined where the value fits. */
function optionProblem(value: unknown, { range, words, default: example }: OptionRule): string | undefined {
  if (words) return words.some((word) => word === value) ? undefined : `one of ${words.join(", ")}`;
  if (!range) return typeof value === "boolean" ? undefined : "a boolean";
  const kind = `${range.integer ? "an integer" : "a number"} from ${range.from} to ${range.to}`;
  const fits = (item: unknown) =>
    typeof item === "number" && item >= range.from && item <= range.to && (!range.integer || Number.isInteger(item));
  if (!Array.isArray(example)) return fits(value) ? undefined : kind;
  const isList = Array.isArray(value) && value.length >= 1 && value.length <= longestList && value.every(fits);
  return isList ? undefined : `a list of 1 to ${longestList}, each ${kind}`;
}
