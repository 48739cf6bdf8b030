// Convolutions of more items, rows or planes than a grid has along an axis: kernels that believe in one workgroup there.
import { conv2dCases } from "../../cases/conv/conv2d.ts";
import { conv3dCases } from "../../cases/conv/conv3d.ts";
import { convTranspose2dCases } from "../../cases/conv/transpose2d.ts";
import { convTranspose3dCases } from "../../cases/conv/transpose3d.ts";
import { winogradInputCases, winogradOutputCases } from "../../cases/conv/winograd.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { inputSpec, type OperatorCases } from "../../support/operator-cases.ts";
import { onOtherDevice } from "../../support/other-device.ts";

/** A few cases of several items, with and without what an epilogue reads, and of a grid of several workgroups. */
function checkShort<A extends object, G extends object>(suite: OperatorCases<A, G>): void {
  const cases = suite.cases.filter(({ why, inputs }) => {
    const [items = 1] = inputs.map(inputSpec)[0]?.shape ?? [];
    return (
      (items > 1 && /leftover|bias, residual|beyond all sides/.test(why)) || why.includes("several workgroups along")
    );
  });
  checkOperator(
    onOtherDevice({ ...suite, cases, storages: ["f32"] }, "on a short grid", { maxWorkgroupsPerDimension: 1 }),
  );
}

checkShort(conv2dCases);
checkShort(conv3dCases);
checkShort(convTranspose2dCases);
checkShort(convTranspose3dCases);
checkShort(winogradInputCases);
checkShort(winogradOutputCases);
