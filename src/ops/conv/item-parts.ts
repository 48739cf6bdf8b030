// Batches of more items than a dispatch takes.
import type { AtLeast, Call, Kernel, Operand } from "../operator.ts";

/**
 * A kernel whose workgroups along z count items, `own` of its inputs being no epilogue: dispatches of fewer items each where
 * the device does not take all at once. Where one item is too much, `applies` has to refuse the call.
 */
export function inItemParts<A extends object, I extends number>(kernel: Kernel<A, I>, own: number): Kernel<A, I> {
  return {
    ...kernel,
    dispatches(call, device) {
      const whole = kernel.dispatches(call, device);
      const items = call.outputs[0].shape[0] ?? 1;
      const deepest = Math.max(...whole.map(({ workgroups }) => workgroups[2]));
      if (deepest <= device.maxWorkgroupsPerDimension) return whole;
      const most = Math.floor(device.maxWorkgroupsPerDimension / Math.ceil(deepest / items));
      return Array.from({ length: Math.ceil(items / most) }, (_, part) =>
        kernel.dispatches(itemsOf(call, own, part * most, Math.min(items, (part + 1) * most)), device),
      ).flat();
    },
  };
}

/** The call for items `first` to `end`: of x, the residual and the output. */
function itemsOf<A extends object, I extends number>(
  call: Call<A, I>,
  own: number,
  first: number,
  end: number,
): Call<A, I> {
  const some = ({ dtype, shape, view }: Operand): Operand => ({
    dtype,
    shape: [end - first, ...shape.slice(1)],
    view: { ...view, offset: view.offset + first * view.batchStride },
  });
  const { bias, residual } = call.epilogue;
  const residualAt = residual ? own + (bias ? 1 : 0) : -1;
  const inputs = each(call.inputs, (input, i) => (i === 0 || i === residualAt ? some(input) : input));
  return { ...call, inputs, outputs: each(call.outputs, some) };
}

function each<N extends number>(
  operands: AtLeast<Operand, N>,
  change: (operand: Operand, i: number) => Operand,
): AtLeast<Operand, N> {
  const isLong = (list: readonly Operand[]): list is readonly Operand[] & AtLeast<Operand, N> =>
    list.length === operands.length;
  const changed: readonly Operand[] = operands.map(change);
  if (isLong(changed)) return changed;
  throw new Error("a map changed the length of a list");
}
