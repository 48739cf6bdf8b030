// The matrix-product kernels, which only hardware gets, on whatever adapter is here: the smaller tiles on every case, the
// larger ones, which software drivers compile slowly, on a few.

import type { Storage } from "../../../shaders/wgsl/storage.ts";
import { gemmName, gemmTiles } from "../../../src/ops/conv/gemm.ts";
import { conv2dCases } from "../../cases/conv/conv2d.ts";
import { conv3dCases } from "../../cases/conv/conv3d.ts";
import { convTranspose2dCases } from "../../cases/conv/transpose2d.ts";
import { convTranspose3dCases } from "../../cases/conv/transpose3d.ts";
import { checkOperator } from "../../support/check-operator.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";
import { onHardware } from "../../support/other-device.ts";

const [smallest, ...larger] = gemmTiles.map((tile) => `/${gemmName(tile)}`);

function only<A extends object, G extends object>(
  suite: OperatorCases<A, G>,
  names: readonly string[],
  cases: readonly string[] | "all",
  storages: readonly Storage[] = ["f32"],
): OperatorCases<A, G> {
  const hardware = onHardware(suite);
  const { operator } = hardware;
  const kernels = operator.kernels.filter(({ name }) => names.some((ending) => name.endsWith(ending)));
  const chosen = suite.cases.filter(({ why }) => cases === "all" || cases.includes(why));
  if (cases !== "all" && chosen.length !== cases.length) throw new Error(`no such cases: ${cases}`);
  const runs = chosen.filter(({ given }) => kernels.some((kernel) => canRun(kernel.name, given)));
  return {
    ...hardware,
    operator: { ...operator, name: `${suite.operator.name} ${names}`, kernels },
    cases: runs,
    storages,
  };
}

/** Transposed convolutions by phase have no dilation. */
function canRun(name: string, given: object): boolean {
  return !name.startsWith("convTranspose") || !("dilation" in given);
}

checkOperator(only(conv2dCases, [smallest!], "all"));
checkOperator(only(convTranspose2dCases, [smallest!], "all"));
checkOperator(only(conv3dCases, [smallest!], "all"));
checkOperator(only(convTranspose3dCases, [smallest!], "all"));
const few = ["several workgroups along every axis", "groups 2", "stem: 7x7, stride 2, padding 3"];
checkOperator(only(conv2dCases, larger, few));
// In f16 a few too: software drivers take minutes to compile all of them twice.
checkOperator(only(conv2dCases, [smallest!], few, ["f16"]));
