// Largest errors of each operator, for the table of docs/operators.md: a file per suite where ATROUS_OPERATOR_ERRORS names a folder.
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Storage } from "../../shaders/wgsl/storage.ts";

/** What the checker saw of one operator in one suite. */
export interface OperatorErrors {
  readonly operator: string;
  /** Numbers of axes of the first input. */
  readonly ranks: readonly number[];
  /** By type of the floats: the largest error as a share of its tolerance; null where every result must be exact, and is. */
  readonly largest: Readonly<Partial<Record<Storage, number | null>>>;
}

export class ErrorRecorder {
  readonly #operator: string;
  readonly #ranks = new Set<number>();
  readonly #largest: Partial<Record<Storage, number | null>> = {};

  constructor(operator: string) {
    this.#operator = operator;
  }

  /** `share` is the error over its tolerance, null for a result that must be exact. */
  add(storage: Storage, rank: number, share: number | null): void {
    this.#ranks.add(rank);
    const before = this.#largest[storage];
    this.#largest[storage] = share === null ? (before ?? null) : Math.max(before ?? 0, share);
  }

  write(): void {
    const folder = process.env.ATROUS_OPERATOR_ERRORS;
    if (folder === undefined || this.#ranks.size === 0) return;
    // Suites of some kernels, or of another device, say so behind the operator's name.
    const operator = this.#operator.split(" ")[0]!;
    const found: OperatorErrors = { operator, ranks: [...this.#ranks], largest: this.#largest };
    writeFileSync(join(folder, `${operator}-${randomUUID()}.json`), JSON.stringify(found));
  }
}
