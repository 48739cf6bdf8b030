// How products of matrices share their kernels, whatever lies transposed or repeats along the batch.
import {
  matmulDirect,
  matmulSpec,
  matmulTiled,
  matmulTiledSpec,
  tileColumns,
  tileRows,
} from "../../../shaders/matrix/matmul.wgsl.ts";
import type { Shape } from "../../tensor.ts";
import { transpose } from "../move/transpose.ts";
import type { Call, Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { isAligned, storageOf } from "../walk/operands.ts";
import { flatGrid, type Strided, walk } from "../walk/strided.ts";

/** y[.., m, n] = alpha * sum over k of a[.., m, k] * b[.., k, n] + beta * c[.., m, n] */
export interface Product {
  /** [.., M, N]; the arrays lie along these axes: `a` does not move along the last, nor `b` along the one before. */
  readonly sizes: Shape;
  readonly a: Strided;
  readonly b: Strided;
  readonly c?: Strided;
  readonly y: Strided;
  /** K, and how far a and b move from one term to the next. */
  readonly terms: number;
  readonly aStep: number;
  readonly bStep: number;
  readonly alpha: number;
  readonly beta: number;
}

/** The readable kernel, and register tiles. `packB` says whether b is [.., N, K], which the tiles read as [.., K, N]. */
export function matmulKernels<A extends object>(
  operator: string,
  { product, packB }: { product(call: Call<A>, packed: boolean): Product; packB(call: Call<A>): boolean },
): readonly Kernel<A>[] {
  const bindings = (call: Call<A>) => [...call.inputs.map((_, input) => ({ input })), { output: 0 }];
  const direct: Kernel<A> = {
    name: `${operator}/direct`,
    applies: () => true,
    views: "all",
    dispatches(call, device) {
      const found = product(call, false);
      const plan = walk<string>(found.sizes, arrays(found), { vectors: false });
      const template = { ...plan.template, storage: storageOf(call), bias: found.c !== undefined };
      return [
        {
          code: matmulDirect(template),
          bindings: bindings(call),
          params: params(matmulSpec(plan.template), { ...plan.values, ...shared(found) }),
          workgroups: flatGrid(plan.count, device),
        },
      ];
    },
  };
  const tiled: Kernel<A> = {
    name: `${operator}/tiled-${tileRows}x${tileColumns}`,
    // Neighbours of a vector are apart where it is a view.
    applies: ({ outputs }) => outputs[0]!.shape.length > 1,
    views: [0],
    packs: (call) =>
      packB(call)
        ? [{ input: 1, operator: transpose as Operator, given: { permutation: swapped(call.inputs[1]!.shape) } }]
        : [],
    dispatches(call, device) {
      const found = product(call, true);
      const [rows, columns] = found.sizes.slice(-2) as [number, number];
      const tiles = [...found.sizes.slice(0, -2), Math.ceil(rows / tileRows), Math.ceil(columns / tileColumns)];
      const plan = walk<string>(tiles, byTile(arrays(found)), { vectors: false, join: false });
      const template = {
        ...plan.template,
        storage: storageOf(call),
        bias: found.c !== undefined,
        vectors: found.b.strides.at(-1) === 1 && columns % 4 === 0 && isAligned(call.outputs[0]!, columns),
      };
      const values = {
        ...plan.values,
        ...shared(found),
        a_row: along(found.a, 2),
        b_column: along(found.b, 1),
        c_row: found.c ? along(found.c, 2) : 0,
        c_column: found.c ? along(found.c, 1) : 0,
        y_row: along(found.y, 2),
        rows,
        columns,
      };
      return [
        {
          code: matmulTiled(template),
          bindings: bindings(call),
          params: params(matmulTiledSpec(plan.template), values),
          workgroups: flatGrid(plan.count, device),
        },
      ];
    },
  };
  return [direct, tiled];
}

function arrays({ a, b, c, y }: Product): Record<string, Strided> {
  return { a, b, ...(c && { c }), y };
}

function byTile(given: Readonly<Record<string, Strided>>): Record<string, Strided> {
  const tile = ({ offset, strides }: Strided): Strided => ({
    offset,
    strides: [...strides.slice(0, -2), strides.at(-2)! * tileRows, strides.at(-1)! * tileColumns],
  });
  return Object.fromEntries(Object.entries(given).map(([name, array]) => [name, tile(array)]));
}

function shared({ terms, aStep, bStep, alpha, beta }: Product) {
  return { terms, a_step: aStep, b_step: bStep, alpha, beta };
}

/** The stride of the axis `fromEnd` axes from the end. */
function along({ strides }: Strided, fromEnd: 1 | 2): number {
  return strides.at(-fromEnd)!;
}

/** The permutation that swaps the last two axes. */
function swapped(shape: Shape): number[] {
  const axes = [...shape.keys()];
  return [...axes.slice(0, -2), axes.length - 1, axes.length - 2];
}
