// How products of matrices share their kernels, whatever lies transposed or repeats along the batch.
import {
  matmulDirect,
  matmulSpec,
  matmulTiled,
  matmulTiledSpec,
  tileColumns,
  tileRows,
} from "../../../shaders/matrix/matmul.wgsl.ts";
import { elementCount, type Shape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import { transpose } from "../move/transpose.ts";
import type { Call, Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { dimensions } from "../walk/dimensions.ts";
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

/** Two floating-point operations for each of the terms of an output. */
export function productCost(call: Call, terms: number) {
  return { flop: 2 * elementCount(call.outputs[0].shape) * terms, bytes: operandBytes(call) };
}

/**
 * The readable kernel, and register tiles, which are taken where they apply. `packB` says whether b is [.., N, K], which the
 * tiles read as [.., K, N].
 */
export function productKernels<A extends object>(
  operator: string,
  { product, packB }: { product(call: Call<A, 2>, packed: boolean): Product; packB(call: Call<A, 2>): boolean },
): Pick<Operator<A, object, 2>, "kernels"> & Required<Pick<Operator<A, object, 2>, "prefer">> {
  const bindings = (call: Call<A, 2>) => [...call.inputs.map((_, input) => ({ input })), { output: 0 }];
  const direct: Kernel<A, 2> = {
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
  const tiled: Kernel<A, 2> = {
    name: `${operator}/tiled-${tileRows}x${tileColumns}`,
    // Neighbours of a vector are apart where it is a view.
    applies: ({ outputs: [y] }) => y.shape.length > 1,
    views: [0],
    packs: (call) =>
      packB(call) ? [{ input: 1, operator: transpose, given: { permutation: swapped(call.inputs[1].shape) } }] : [],
    dispatches(call, device) {
      const found = product(call, true);
      const [rows, columns] = dimensions(found.sizes.slice(-2), 2);
      const tiles = [...found.sizes.slice(0, -2), Math.ceil(rows / tileRows), Math.ceil(columns / tileColumns)];
      const plan = walk<string>(tiles, byTile(arrays(found)), { vectors: false, join: false });
      const template = {
        ...plan.template,
        storage: storageOf(call),
        bias: found.c !== undefined,
        vectors: along(found.b, 1) === 1 && columns % 4 === 0 && isAligned(call.outputs[0], columns),
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
  return {
    kernels: [direct, tiled],
    prefer: (call, device) => (tiled.applies(call, device) ? tiled : direct).name,
  };
}

function arrays({ a, b, c, y }: Product): Record<string, Strided> {
  return { a, b, ...(c && { c }), y };
}

function byTile(given: Readonly<Record<string, Strided>>): Record<string, Strided> {
  const tile = (array: Strided): Strided => ({
    offset: array.offset,
    strides: [...array.strides.slice(0, -2), along(array, 2) * tileRows, along(array, 1) * tileColumns],
  });
  return Object.fromEntries(Object.entries(given).map(([name, array]) => [name, tile(array)]));
}

function shared({ terms, aStep, bStep, alpha, beta }: Product) {
  return { terms, a_step: aStep, b_step: bStep, alpha, beta };
}

/** The stride of the axis `fromEnd` axes from the end. */
export function along({ strides }: Strided, fromEnd: 1 | 2): number {
  return strides.at(-fromEnd)!;
}

/** The permutation that swaps the last two axes. */
export function swapped(shape: Shape): number[] {
  const axes = [...shape.keys()];
  return [...axes.slice(0, -2), axes.length - 1, axes.length - 2];
}
