// A network as a record, and the checked reading of its options.
import { FormatError } from "../errors.ts";
import type { GraphBuilder } from "../graph/ir/builder.ts";
import type { Value } from "../graph/ir/graph.ts";

/** A network: its name, its options, and how it is built into a graph from an image [N, C, H, W]. */
export interface Network<O extends object = object> {
  /** As in a weights file's metadata, `atrous.network`. */
  readonly name: string;
  /** What each option may be: what `options` checks, and what the schema of a training's configuration tells. */
  readonly rules: Readonly<Record<string, OptionRule>> & { readonly classes: NumberRule };
  /** Checks options and fills in defaults. Throws FormatError that begins with `where`. */
  options(given: unknown, where: string): O;
  /** Appends the network to a graph; returns the logits. Throws ShapeError for images that it cannot take. */
  build(b: GraphBuilder, image: Value, options: O): Value;
}

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

interface FlagRule extends Described<boolean> {
  readonly range?: undefined;
}

interface NumberRule extends Described<number> {
  readonly range: NumberRange;
}

interface NumbersRule extends Described<readonly number[]> {
  readonly range: NumberRange;
}

/** What an option may be: true or false, a number in a range, or a list of such numbers. */
export type OptionRule = FlagRule | NumberRule | NumbersRule;

/** A rule for each option, whose default has its type. */
export type OptionRules<O> = { readonly [K in keyof O]: Extract<OptionRule, { readonly default: O[K] }> };

/** Numbers in an option that is a list. */
export const longestList = 64;

/**
 * Reads options from parsed JSON by their rules; what is absent is the default.
 * Throws FormatError naming the option that is unknown or wrong.
 */
export function readOptions<O extends object>(given: unknown, where: string, rules: OptionRules<O>): O {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new FormatError(`${where}: got ${JSON.stringify(given)}, expected an object of options`);
  }
  const known = new Map(Object.entries<OptionRule>(rules));
  const options: Record<string, unknown> = {};
  for (const [name, rule] of known) options[name] = rule.default;
  for (const [name, value] of Object.entries(given)) {
    const rule = known.get(name);
    if (!rule) throw new FormatError(`${where}: unknown option "${name}", expected ${[...known.keys()].join(", ")}`);
    const problem = optionProblem(value, rule);
    if (problem) throw new FormatError(`${where}: option ${name} is ${JSON.stringify(value)}, expected ${problem}`);
    options[name] = value;
  }
  return options as O;
}

/** What was expected, or undefined where the value fits. */
function optionProblem(value: unknown, { range, default: example }: OptionRule): string | undefined {
  if (!range) return typeof value === "boolean" ? undefined : "a boolean";
  const kind = `${range.integer ? "an integer" : "a number"} from ${range.from} to ${range.to}`;
  const fits = (item: unknown) =>
    typeof item === "number" && item >= range.from && item <= range.to && (!range.integer || Number.isInteger(item));
  if (!Array.isArray(example)) return fits(value) ? undefined : kind;
  const isList = Array.isArray(value) && value.length >= 1 && value.length <= longestList && value.every(fits);
  return isList ? undefined : `a list of 1 to ${longestList}, each ${kind}`;
}
