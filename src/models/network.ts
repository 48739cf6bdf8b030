// A network as a record, and the checked reading of its options.
import { FormatError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/graph.ts";

export interface Network<O extends object = object> {
  /** As in a weights file's metadata, `atrous.network`. */
  readonly name: string;
  /** Checks options and fills in defaults. Throws FormatError that begins with `where`. */
  options(given: unknown, where: string): O;
  /** Appends the network to a graph; returns the logits. Throws ShapeError for images that it cannot take. */
  build(b: GraphBuilder, image: Value, options: O): Value;
}

interface NumberRule {
  readonly integer?: true;
  readonly from: number;
  readonly to: number;
}

type NumericKeys<O> = { [K in keyof O]: O[K] extends boolean ? never : K }[keyof O] & string;

const longestList = 64;

/**
 * Reads options from parsed JSON: numbers and lists of numbers by rule, booleans by type; what is absent is the default.
 * Throws FormatError naming the option that is unknown or wrong.
 */
export function readOptions<O extends object>(
  given: unknown,
  where: string,
  defaults: O,
  rules: Readonly<Record<NumericKeys<O>, NumberRule>>,
): O {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new FormatError(`${where}: got ${JSON.stringify(given)}, expected an object of options`);
  }
  const options: Record<string, unknown> = { ...(defaults as Readonly<Record<string, unknown>>) };
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) {
      throw new FormatError(`${where}: unknown option "${name}", expected ${Object.keys(defaults).join(", ")}`);
    }
    const problem = optionProblem(value, options[name], (rules as Readonly<Record<string, NumberRule>>)[name]);
    if (problem) throw new FormatError(`${where}: option ${name} is ${JSON.stringify(value)}, expected ${problem}`);
    options[name] = value;
  }
  return options as O;
}

/** What was expected, or undefined where the value fits. */
function optionProblem(value: unknown, example: unknown, rule: NumberRule | undefined): string | undefined {
  if (!rule) return typeof value === typeof example ? undefined : `a ${typeof example}`;
  const kind = `${rule.integer ? "an integer" : "a number"} from ${rule.from} to ${rule.to}`;
  const fits = (item: unknown) =>
    typeof item === "number" && item >= rule.from && item <= rule.to && (!rule.integer || Number.isInteger(item));
  if (!Array.isArray(example)) return fits(value) ? undefined : kind;
  const isList = Array.isArray(value) && value.length >= 1 && value.length <= longestList && value.every(fits);
  return isList ? undefined : `a list of 1 to ${longestList}, each ${kind}`;
}
