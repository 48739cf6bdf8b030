// Whether a training may go on under a configuration: what differs from the one that it began with, by the keys that the user writes.
import { isDeepStrictEqual } from "node:util";
import { UsageError } from "../../errors.ts";
import { quoteValue } from "../../formats/quote.ts";
import { defaultMilestones, type TrainConfig } from "../config/config.ts";

type Json = Readonly<Record<string, unknown>>;

/** What may change without changing what the steps compute. The data's place is among them: its content has a digest of its own. */
const changeable =
  /^(classNames|epochs|earlyStopping|output|workers|recompute|validation\.toleranceMm|data\.sources\[\d+\]\.(folder|manifest)|data\.split\.file)(\W|$)/;

/**
 * `was` is the configuration of the checkpoint `path`, as JSON. A schedule that follows `epochs` may follow it to another length.
 * Throws UsageError that names the keys which differ.
 */
export function requireSameConfig(path: string, was: Json, config: TrainConfig): void {
  const now: Json = JSON.parse(JSON.stringify(config));
  const differences = [...differingKeys(was, now)].filter(({ key }) => !changeable.test(key));
  const counted = differences.filter(({ key }) => !(follows(key, was) && follows(key, now)));
  if (counted.length === 0) return;
  const texts = counted.slice(0, 5).map(({ key, a, b }) => `${key} is ${write(b)}, was ${write(a)}`);
  const more = counted.length > 5 ? `, and ${counted.length - 5} more` : "";
  throw new UsageError(`${path}: is of another configuration: ${texts.join("; ")}${more}`);
}

/** Whether this key of a schedule is what `epochs` gives where nothing is written. */
function follows(key: string, { schedule, epochs }: Json): boolean {
  if (!isRecord(schedule) || typeof epochs !== "number") return false;
  if (key.startsWith("schedule.milestones")) return isDeepStrictEqual(schedule.milestones, defaultMilestones(epochs));
  return key === "schedule.epochs" && schedule.epochs === epochs;
}

interface Difference {
  readonly key: string;
  readonly a: unknown;
  readonly b: unknown;
}

/** The deepest keys at which two JSON values differ; of variants of other kinds the kind alone, since no key of theirs compares. */
function* differingKeys(a: unknown, b: unknown, key = ""): Generator<Difference> {
  if (isDeepStrictEqual(a, b)) return;
  const isSplit = isRecord(a) && isRecord(b) && Array.isArray(a) === Array.isArray(b);
  if (!isSplit) {
    yield { key, a, b };
    return;
  }
  const kind = ["kind", "name"].find((name) => name in a && name in b && a[name] !== b[name]);
  const names = kind === undefined ? new Set([...Object.keys(a), ...Object.keys(b)]) : [kind];
  for (const name of names) {
    const inner = Array.isArray(a) ? `${key}[${name}]` : key === "" ? name : `${key}.${name}`;
    yield* differingKeys(a[name], b[name], inner);
  }
}

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null;
}

function write(value: unknown): string {
  return value === undefined ? "not given" : quoteValue(value);
}
