#!/usr/bin/env bash
# The package as its users meet it: packed, installed in empty folders, compiled against, run. Packages come from the registry.
#   test/package/consumer.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
step() { printf '\n== %s\n' "$*"; }
fail() { echo "consumer: $*" >&2; exit 1; }
install() { npm install --no-audit --no-fund --silent "$@"; }
new_folder() { mkdir "$work/$1"; cd "$work/$1"; echo '{ "private": true, "type": "module" }' >package.json; }

step "Build and pack"
npm run --silent build
npm pack --silent --pack-destination "$work" >/dev/null
tarball=$(echo "$work"/atrous-*.tgz)

step "publint"
npx --yes publint@0.3.25 --strict "$tarball"
step "attw, for ESM"
npx --yes @arethetypeswrong/cli@0.18.5 "$tarball" --profile esm-only

step "Without optional dependencies: at most 12 MB besides the weights"
new_folder lean
install --omit=optional "$tarball"
ls node_modules
all=$(du -sk node_modules | cut -f1)
weights=$(du -sk node_modules/atrous/weights | cut -f1)
echo "$(((all - weights) / 1024)) MB, and $((weights / 1024)) MB of weights"
[ $((all - weights)) -le $((12 * 1024)) ] || fail "more than 12 MB"
[ ! -e node_modules/atrous/weights/goldens ] || fail "goldens are in the package"

cat >check.mjs <<'END'
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DeviceError, UsageError } from "atrous";
import { onnxRuntime, openGpu } from "atrous/node";
import "atrous/train";

const weights = import.meta.resolve("atrous/weights/msff-resnet18-lumbar-small.safetensors");
assert(existsSync(fileURLToPath(weights)));
const dawn = /openGpu: Dawn \(package "webgpu"\) is not installed: npm install webgpu/;
// Where there is no driver, Dawn is not asked for.
const openError = await openGpu().catch((error) => error);
assert(openError instanceof DeviceError && (dawn.test(openError.message) || openError.kind === "no-adapter"));
const onnxError = await onnxRuntime().catch((error) => error);
assert(onnxError instanceof UsageError);
assert.equal(onnxError.message, "the package onnxruntime-node is not installed: npm install onnxruntime-node");
END
node check.mjs
code=0
message=$(npx --no-install atrous doctor 2>&1) || code=$?
[ "$code $message" = "2 atrous: the package commander is not installed: npm install commander" ] || fail "got $code $message"

step "Types, with skipLibCheck false"
cat >consumer.ts <<'END'
import { crossEntropyLoss, GraphBuilder, type Gpu, loadModel, openGpu, readNifti, writeSafetensors } from "atrous";
import { openGpu as openNodeGpu } from "atrous/node";
import { parseTrainConfig, readLog, train, type TrainConfigInput, type TrainRecord } from "atrous/train";

export async function segment(device: GPUDevice): Promise<Float32Array> {
  const gpu: Gpu = await openGpu({ device });
  const model = await loadModel(gpu, "model.safetensors", { shape: [1, 3, 64, 64] });
  const { logits } = await model.run({ image: { shape: [1, 3, 64, 64], data: new Float32Array(3 * 64 * 64) } });
  // @ts-expect-error There may be no such output.
  return logits.data;
}
// Its array has a buffer that nobody shares, as Blob asks from TypeScript 5.9 on.
export const voxels = async (file: Uint8Array) => new Blob([(await readNifti(file, "scan.nii")).stored]);
export const config: TrainConfigInput = { data: { sources: [{ images: "*.png", classes: { "0": 0 } }], size: [64, 64] } };
// @ts-expect-error Unknown names are refused.
export const wrong: TrainConfigInput = { data: { sources: [], size: [64, 64] }, epoch: 3 };
export const losses = (records: readonly TrainRecord[]) =>
  records.map((record) => (record.kind === "step" ? record.loss : null)) satisfies (number | null)[];
export { crossEntropyLoss, GraphBuilder, openNodeGpu, parseTrainConfig, readLog, train, writeSafetensors };
END
compile() {
  local modules=$1
  [ "$modules" != bundler ] || modules=esnext
  ../typescript-"$2"/node_modules/.bin/tsc consumer.ts --noEmit --strict --exactOptionalPropertyTypes --target es2022 \
    --module "$modules" --moduleResolution "$1" --skipLibCheck false "${@:3}"
}
for version in 5.4 5.9 6.0 7.0; do (new_folder typescript-$version; install typescript@~$version); done
for node_types in "" "--types node"; do
  [ -z "$node_types" ] || install --omit=optional --save-dev @types/node@20
  for version in 5.4 5.9 6.0 7.0; do
    for resolution in node16 nodenext bundler; do
      # shellcheck disable=SC2086
      compile $resolution $version $node_types || fail "TypeScript $version $resolution $node_types"
      echo "ok: TypeScript $version, $resolution, ${node_types:-without @types/node}"
    done
  done
done

step "As installed by default: the command line"
new_folder full
install "$tarball"
npx --no-install atrous doctor
code=0
message=$(npx --no-install atrous parity 2>&1) || code=$?
expected="2 atrous: the goldens are in atrous's repository alone, expected MODEL and --reference DIR"
[ "$code $message" = "$expected" ] || fail "got $code $message"
cd "$root"
