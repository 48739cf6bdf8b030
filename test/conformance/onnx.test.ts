// The ONNX backend tests through import and engine. What is not imported stands in a list with its reason, which is the
// import's own error; a case that passes or fails against the list fails the suite.
//
// With ATROUS_ONNX_TESTDATA, a folder of other cases, nothing is compared with the list.
//
//     UPDATE_CONFORMANCE=1 npx vitest run test/conformance/onnx.test.ts     writes the list anew
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openTestGpu } from "../support/gpu.ts";
import { casesOf, isInstalled, runCase, suites, testData } from "./onnx-cases.ts";

/** A line for each case that is refused: its reason, a tab, its name; sorted. */
const listPath = "test/conformance/onnx-out-of-scope.txt";
/** They want a size that is not rounded. ONNX Runtime, PyTorch and this engine take the rounded one. */
const unlikeOthers = ["linear", "cubic"].map((mode) => `node/test_resize_downsample_scales_${mode}_align_corners`);
const isUpdate = process.env.UPDATE_CONFORMANCE === "1";

const isHere = existsSync(testData);
if (!isHere) console.warn(`ONNX backend tests did not run: no ${testData} (Debian's package libonnx-testdata)`);

let gpu: Gpu;
beforeAll(async () => {
  if (isHere) gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

test.runIf(isHere)(
  "every ONNX backend test passes, or is refused for the reason in the list",
  async () => {
    const refused: string[] = [];
    const failed: string[] = [];
    const unlike: string[] = [];
    const counts: string[] = [];
    for (const suite of suites) {
      const cases = casesOf(suite);
      let passed = 0;
      for (const name of cases) {
        const outcome = await runCase(gpu, name);
        if (outcome.kind === "pass") passed++;
        else if (outcome.kind === "refused") refused.push(`${outcome.reason}\t${name}`);
        else if (unlikeOthers.includes(name)) unlike.push(name);
        else failed.push(`${name}: ${outcome.fault}`);
      }
      if (cases.length > 0) counts.push(`${suite} ${passed} of ${cases.length}`);
    }
    console.log(`ONNX backend tests that pass: ${counts.join(", ")}`);
    expect(failed).toEqual([]);
    if (!isInstalled) return;
    expect(unlike.sort()).toEqual(unlikeOthers.toSorted());
    refused.sort();
    if (isUpdate) writeFileSync(listPath, `${refused.join("\n")}\n`);
    expect(refused).toEqual(readFileSync(listPath, "utf8").trimEnd().split("\n"));
  },
  1_200_000,
);
