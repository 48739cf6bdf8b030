// The factor of the loss in f16, so that small gradients are not lost.
import { UsageError } from "../../errors.ts";
import type { Tensor, TensorData } from "../../tensor.ts";

/** The loss or a gradient is no number any more, or too large for f16 however the loss is scaled. */
export class DivergedError extends UsageError {}

/** Doubled after this many steps that were finite. */
const steadySteps = 200;
/** A larger one would itself be no f16. */
const mostLossScale = 2 ** 15;
/** A smaller one would be no normal f16. */
const leastLossScale = 2 ** -14;
/** What f16 is stored as where it overflows. */
export const largestHalf = 65504;

/** As PyTorch's GradScaler, within bounds. */
export class LossScale {
  #value = 2 ** 12;
  /** Steps since a gradient overflowed. */
  #steady = 0;

  get value(): number {
    return this.#value;
  }

  /** Halved where a gradient overflowed, doubled where none has for long. Throws DivergedError where it cannot be halved any more. */
  adapt(step: number, { loss, skipped }: { readonly loss: number; readonly skipped: boolean }): void {
    if (!skipped) {
      this.#steady++;
      if (this.#steady % steadySteps === 0) this.#value = Math.min(mostLossScale, 2 * this.#value);
      return;
    }
    this.#steady = 0;
    if (this.#value <= leastLossScale && Number.isFinite(loss)) {
      throw new DivergedError(
        `step ${step}: the gradient is not finite at the least scale of the loss too, 2^-14: ` +
          "lower the learning rate, or train in f32",
      );
    }
    this.#value = Math.max(leastLossScale, this.#value / 2);
  }

  save(): Tensor {
    return { shape: [2], data: Float32Array.of(this.#value, this.#steady) };
  }

  restore([value = 1, steady = 0]: TensorData): void {
    [this.#value, this.#steady] = [value, steady];
  }
}
