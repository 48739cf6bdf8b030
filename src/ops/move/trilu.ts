// One side of the diagonal of matrices.
import { triluShader, triluSpec } from "../../../shaders/move/trilu.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { formatShape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { wordType } from "../walk/operands.ts";
import { flatGrid, strided, walk } from "../walk/strided.ts";

export interface TriluAttributes {
  readonly diagonal: number;
}

export interface TriluGiven {
  /** The diagonal that is the last one kept: above the main one if positive, below it if negative. Default 0. */
  readonly diagonal?: number;
}

const direct = (name: string, upper: boolean): Kernel<TriluAttributes> => ({
  name: `${name}/strided`,
  applies: () => true,
  views: "all",
  dispatches({ inputs: [x], outputs: [y], attrs }, device) {
    const plan = walk(y.shape, { x: strided(x), y: strided(y) }, { join: false, vectors: false });
    const [rows, columns] = y.shape.slice(-2) as [number, number];
    // Beyond the corners nothing changes any more.
    const diagonal = Math.min(Math.max(attrs.diagonal, -rows), columns);
    return [
      {
        code: triluShader({ ...plan.template, word: wordType(y.dtype), upper }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(triluSpec(plan.template), { ...plan.values, diagonal }),
        workgroups: flatGrid(plan.count, device),
      },
    ];
  },
});

function trilu(name: string, upper: boolean): Operator<TriluAttributes, TriluGiven> {
  const operator: Operator<TriluAttributes, TriluGiven> = {
    name,
    attributes({ diagonal = 0 }) {
      if (Number.isSafeInteger(diagonal)) return { diagonal };
      throw new ShapeError(`${name}: diagonal is ${diagonal}, expected an integer`);
    },
    shape([x]) {
      if (x.shape.length >= 2) return [x];
      throw new ShapeError(`${name}: x has shape ${formatShape(x.shape)}, expected [.., R, C]`);
    },
    cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
    kernels: [direct(name, upper)],
    gradient: ({ gy, attrs, apply }) => [apply(operator, [gy], attrs)],
  };
  return operator;
}

/**
 * Keeps what is on and above a diagonal, and puts zeros elsewhere.
 * - x, output: [.., R, C]; element [.., r, c] stays where c - r >= diagonal. Gradient: the same of gy.
 * Throws ShapeError unless x has two axes and the diagonal is an integer.
 * Source: https://pytorch.org/docs/stable/generated/torch.triu.html
 */
export const triu = trilu("triu", true);

/**
 * Keeps what is on and below a diagonal, where c - r <= diagonal; see {@link triu}.
 * Source: https://pytorch.org/docs/stable/generated/torch.tril.html
 */
export const tril = trilu("tril", false);
