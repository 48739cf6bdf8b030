// The commands as users run them, on files made here.
import { chmodSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { readNifti, writeNifti } from "../../src/formats/nifti/index.ts";
import { readLabelPng, readPng, writePng } from "../../src/formats/png/index.ts";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors/index.ts";
import { atrous, modelPath, testFolder } from "./command.ts";

const folder = testFolder();
const file = (name: string) => join(folder, name);
const adapter = ["--adapter", process.env.ATROUS_TEST_ADAPTER ?? "auto"];

describe("help and version", () => {
  test.each([
    "--help",
    "help",
    "doctor -h",
    "segment --help",
    "inspect --help",
    "convert --help",
    "help run",
    "help parity",
    "tune --help",
    "evaluate --help",
    "bench --help",
  ])("%s", async (line) => {
    const { code, stdout, stderr } = await atrous(...line.split(" "));
    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^Usage: atrous/);
    expect(stdout).toContain("Examples:");
    for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test("version, and help on standard error where there is no command", async () => {
    expect(await atrous("--version")).toEqual({ code: 0, stdout: "0.1.0\n", stderr: "" });
    const { code, stdout, stderr } = await atrous();
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^Usage: atrous/);
  });
});

test("doctor tests the adapter", async () => {
  const text = await atrous("doctor", ...adapter);
  expect(text.code).toBe(0);
  expect(text.stdout).toMatch(/self-test\s+passed/);
  const json = await atrous("doctor", "--json", ...adapter);
  expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, selfTest: { passed: true } });
  const none = await atrous("doctor", "--adapter", "nonesuch");
  expect(none.code).toBe(2);
  expect(none.stdout).toMatch(/adapter\s+none/);
});

test("inspect shows layers and totals, as text and as JSON", async () => {
  const text = await atrous("inspect", modelPath, "--shape", "1,3,64,96");
  expect(text.code).toBe(0);
  expect(text.stdout).toMatch(/^layer1\.0\.conv1 .* 1x8x16x24 +\d/m);
  expect(text.stdout).toMatch(/^parameters +[\d,]+ trained/m);
  const json = await atrous("inspect", modelPath, "--shape", "1,3,64,96", "--json");
  const report = JSON.parse(json.stdout);
  expect(report).toMatchObject({ network: "msff-resnet18", shape: [1, 3, 64, 96], options: { msff: false } });
  const sum = report.layers.reduce((total: number, layer: { parameters: number }) => total + layer.parameters, 0);
  expect(report.parameters).toBe(sum);
});

test("inspect names the percentiles of a normalisation", async () => {
  const model = readFileSync(modelPath);
  const given = String.raw`\"normalize\": \"z-score\", \"padMultiple\": 32, \"minSize\": 160`;
  const changed = String.raw`\"normalize\": {\"percentile\": [0.5, 99.5]}`;
  const at = model.indexOf(given);
  expect(at).toBeGreaterThan(0);
  model.write(changed.padEnd(given.length), at);
  writeFileSync(file("percentile.safetensors"), model);
  const { code, stdout } = await atrous("inspect", file("percentile.safetensors"), "--shape", "1,3,64,96");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^preprocess +1 mm, percentiles 0\.5 to 99\.5, padded to multiples of 32, at/m);
});

test("run writes the logits and says how long it took", async () => {
  const reference = await readSafetensors(readFileSync("weights/goldens/plain-w8/reference.safetensors"));
  const image = reference.tensors.get("input:image")!;
  const expected = reference.tensors.get("output:logits")!;
  writeFileSync(file("in.safetensors"), writeSafetensors({ image: { shape: image.shape, data: image.data } }));
  const paths = ["--input", file("in.safetensors"), "--output", file("out.safetensors")];
  const { code, stdout, stderr } = await atrous("run", modelPath, ...paths, "--repeat", "3", "--json", ...adapter);
  expect(stderr).not.toContain("atrous:");
  expect(code).toBe(0);
  const report = JSON.parse(stdout);
  expect(report.runsMs).toHaveLength(3);
  expect(report.minMs).toBeLessThanOrEqual(report.medianMs);
  expect(report.coldMs).toBeGreaterThanOrEqual(report.runsMs[0]);
  expect(report.gpuBytes).toBeGreaterThan(0);
  const { tensors } = await readSafetensors(readFileSync(file("out.safetensors")));
  const logits = tensors.get("logits")!;
  expect(logits.shape).toEqual(expected.shape);
  const errors = [...(logits.data as Float32Array)].map((value, n) => value - Number(expected.data[n]));
  expect(Math.hypot(...errors) / Math.hypot(...(expected.data as Float32Array))).toBeLessThan(1e-5);
});

describe("run in f16", () => {
  const run = async (name: string, ...options: string[]) => {
    const image = { shape: [1, 3, 64, 64], data: Float32Array.from({ length: 3 * 64 * 64 }, (_, i) => Math.sin(i)) };
    writeFileSync(file("f16-image.safetensors"), writeSafetensors(new Map([["image", image]])));
    const files = ["--input", file("f16-image.safetensors"), "--output", file(name)];
    return atrous("run", modelPath, ...files, ...options, ...adapter);
  };
  const logits = async (name: string) =>
    (await readSafetensors(readFileSync(file(name)))).tensors.get("logits")!.data as Float32Array;

  test("layers can stay f32, which brings the result nearer to that in f32", async ({ skip }) => {
    const { stderr } = await run("half.safetensors", "--precision", "f16");
    skip(stderr.includes("no shader-f16"), "no shader-f16");
    await run("full.safetensors");
    const kept = await run("kept.safetensors", "--precision", "f16", "--keep-full", "conv1,layer1.0.conv1,head.conv2");
    expect(kept.code, kept.stderr).toBe(0);
    const full = await logits("full.safetensors");
    const distance = (values: Float32Array) => Math.hypot(...values.map((value, i) => value - full[i]!));
    const [half, mixed] = [distance(await logits("half.safetensors")), distance(await logits("kept.safetensors"))];
    expect(half).toBeGreaterThan(0);
    expect(mixed).toBeGreaterThan(0);
    expect(mixed).toBeLessThan(0.9 * half);
  });

  test("what is not finite, or does not fit f16, is told in the text and as JSON", async ({ skip }) => {
    const image = (last: number) => ({
      shape: [1, 3, 64, 64],
      data: Float32Array.from({ length: 3 * 64 * 64 }, (_, i) => (i === 0 ? last : Math.sin(i))),
    });
    const runOn = async (last: number, ...options: string[]) => {
      writeFileSync(file("lost-image.safetensors"), writeSafetensors({ image: image(last) }));
      const files = ["--input", file("lost-image.safetensors"), "--output", file("lost.safetensors")];
      return atrous("run", modelPath, ...files, ...options, ...adapter);
    };
    const clean = await runOn(1, "--json");
    expect(JSON.parse(clean.stdout).notFinite).toEqual({ first: null, outputs: {} });
    const nan = await runOn(Number.NaN);
    expect(nan.stdout.replaceAll(/\s+/g, " ")).toContain(
      " not finite 8192 elements of logits; the first layer with NaN or infinities is input image ",
    );
    const half = await runOn(1e5, "--json", "--precision", "f16");
    skip(half.stderr.includes("no shader-f16"), "no shader-f16");
    expect(JSON.parse(half.stdout).notFinite).toEqual({ first: "cast image:f16", outputs: {} });
  });

  test("names that are none are refused, and so are names in f32", async () => {
    const { code, stderr } = await run("none.safetensors", "--keep-full", "conv1");
    expect([code, stderr]).toEqual([2, expect.stringContaining("--keep-full: is for --precision f16")]);
    const other = await run("none.safetensors", "--precision", "f16", "--keep-full", "cnov1");
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/the graph has no node "cnov1"|no shader-f16/);
  });
});

describe("tune", () => {
  test("writes a tuning that run takes", async () => {
    const model = "weights/goldens/plain-w8/model.safetensors";
    const [tuning, input, output] = [file("tuning.json"), file("tuned-in.safetensors"), file("tuned-out.safetensors")];
    const shape = ["--shape", "1,3,32,32"];
    const tuned = await atrous("tune", model, ...shape, "--rounds", "1", "-o", tuning, "--json", ...adapter);
    expect(tuned.code, tuned.stderr).toBe(0);
    const { candidates } = JSON.parse(tuned.stdout);
    expect(candidates.length).toBeGreaterThan(10);
    for (const { verdict, relativeL2 } of candidates) {
      expect(verdict).toBe("timed");
      expect(relativeL2).toBeLessThan(1e-5);
    }
    const again = await atrous(
      "tune",
      model,
      ...shape,
      "--known",
      tuning,
      "-o",
      file("again.json"),
      "--json",
      ...adapter,
    );
    expect(JSON.parse(again.stdout).candidates).toEqual([]);

    const image = new Float32Array(3 * 32 * 32).map((_, i) => Math.sin(i));
    writeFileSync(input, writeSafetensors({ image: { shape: [1, 3, 32, 32], data: image } }));
    const run = await atrous("run", model, "--input", input, "--output", output, "--tuning", tuning, ...adapter);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).not.toContain("does not know");
  });

  test("a file that is no tuning is refused", async () => {
    const bad = file("no-tuning.json");
    writeFileSync(bad, '{"schema":2}');
    const { code, stderr } = await atrous("tune", modelPath, "--known", bad, "-o", file("x.json"));
    expect([code, stderr]).toEqual([2, `atrous: ${bad}: is no tuning of schema 1\n`]);
  });
});

describe("bench", () => {
  const convolution = ["bench", "kernels", "--conv", "1,8,12,12 k3 c8 d2", "--rounds", "2"];

  test("measures a convolution, writes the record and a page, and compares with a baseline", async () => {
    const [record, page] = [file("bench.json"), file("bench.html")];
    const first = await atrous(...convolution, "--json", record, "--html", page, ...adapter);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toContain("conv 3x3 8->8 12x12 d2");
    const [row] = JSON.parse(readFileSync(record, "utf8")).rows;
    expect(row).toMatchObject({ spec: "1,8,12,12 k3 c8 d2", flop: 2 * 9 * 8 * 8 * 144, peers: {}, ratio: null });
    expect(row.ours.medianMs).toBeGreaterThan(0);
    expect(readFileSync(page, "utf8")).toContain("conv 3x3 8-&gt;8 12x12 d2");

    const { peaks, ...rest } = JSON.parse(readFileSync(record, "utf8"));
    const faster = { ...row, gpuMs: row.gpuMs / 100, ours: { milliseconds: [1e-4], medianMs: 1e-4, spreadMs: 0 } };
    const baseline = file("baseline.json");
    writeFileSync(baseline, JSON.stringify({ ...rest, peaks, rows: [faster] }));
    const second = await atrous(...convolution, "--baseline", baseline, ...adapter);
    expect(second.code, second.stderr).toBe(1);
    expect(second.stdout).toContain("1 slower");
  });

  test("measures the gradients of a convolution", async () => {
    const { code, stdout, stderr } = await atrous(...convolution, "--gradients", ...adapter);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("conv 3x3 8->8 12x12 d2, weight gradient");
  });

  test.each([
    [["bench", "shapes"], 'bench: got suite "shapes", expected kernels, models, training, start or onnx'],
    [["bench", "onnx"], 'bench: got suite "onnx" and 0 files, expected files with onnx alone'],
    [["bench", "kernels", "a.onnx"], 'bench: got suite "kernels" and 1 files, expected files with onnx alone'],
    [["bench", "onnx", "missing.onnx"], "missing.onnx"],
    [["bench", "training", "--peers", "ort"], '--peers: got "ort", expected all or some of tfjs, jax'],
    [["bench", "training", "--tune"], "--tune: not for training"],
    [["bench", "training", "--gradients"], "--gradients: not for training"],
    [["bench", "kernels", "--gradients", "--peers", "tfjs"], "--gradients: kernels of atrous"],
    [["bench", "--peers", "tpu"], '--peers: got "tpu", expected all or some of ort, ort-cpu, tfjs, jax'],
    [["bench", "kernels", "--filter", "no such"], '--filter: nothing in kernels holds "no such"'],
    [["bench", "kernels", "--profile", "p"], "--profile: got"],
    [["bench", "--peers", "ort", "--adapter", "hardware"], "--adapter: moves atrous alone"],
    [["bench", "kernels", "--conv", "1,3,8 k3 c8"], 'shape is "1,3,8"'],
    [["bench", "kernels", "--conv", "1,3,8,8 c8"], "kernel k is missing"],
    [["bench", "kernels", "--conv", "1,3,8,8 k3 c8 g2"], "groups 2 do not divide the channels"],
  ])("%j is refused", async (line, message) => {
    const { code, stdout, stderr } = await atrous(...line);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
  });
});

describe("segment", () => {
  // Stored head first, from front to back, three slices: no axis where a reader would guess it.
  const affine = [
    [0, 0, 4, -10],
    [0, -1, 0, 20],
    [-1, 0, 0, 30],
    [0, 0, 0, 1],
  ];
  const shape = [40, 30, 3] as const;

  test("a volume: mask with the same geometry, overlay, DSC, JSON alone on standard output", async () => {
    const voxels = Int16Array.from({ length: 3600 }, (_, n) => 500 + 300 * Math.sin(n / 7) + 200 * Math.cos(n / 391));
    writeFileSync(file("scan.nii.gz"), await writeNifti({ shape, data: voxels, like: { affine } }, { gzip: true }));
    const image = [file("scan.nii.gz"), "--model", modelPath, "--batch", "2", ...adapter];
    const written = ["-o", file("mask.nii.gz"), "--overlay", file("overlay.png"), "--json"];
    const first = await atrous("segment", ...image, ...written);
    expect(first.stderr).not.toContain("atrous:");
    expect(first.code).toBe(0);
    const report = JSON.parse(first.stdout);
    expect(report.slices).toMatchObject({ count: 3, height: 40, width: 30, distanceMm: 4, axis: "sagittal (axis k)" });
    const mask = await readNifti(readFileSync(file("mask.nii.gz")), "mask");
    expect(mask.shape).toEqual(shape);
    expect(mask.affine).toEqual(affine);
    expect(mask.datatype).toBe("uint8");
    const found = mask.stored.filter((label) => label === 1).length;
    expect(report.classes).toEqual([
      {
        label: 1,
        name: "class 1",
        pixels: found,
        volumeMl: (found * 4) / 1000,
        slices: expect.any(Number),
        perSlice: Array(3).fill({ areaMm2: expect.any(Number) }),
      },
    ]);
    const areas: { areaMm2: number }[] = report.classes[0].perSlice;
    expect(areas.reduce((sum, { areaMm2 }) => sum + areaMm2, 0)).toBe(found);
    expect(readPng(readFileSync(file("overlay.png")), "overlay").width).toBeGreaterThan(500);

    const truth = ["--truth", file("mask.nii.gz"), "-o", file("again.nii")];
    const again = await atrous("segment", ...image, ...truth);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/^label +class +volume +voxels +slices +DSC +IoU +HD95 mm +ASSD mm$/m);
    expect(again.stdout).toMatch(/1 +class 1 .* 1\.0000 +1\.0000 +0\.00 +0\.00$/m);
    expect((await readNifti(readFileSync(file("again.nii")), "again")).stored).toEqual(mask.stored);

    // The same labels one slice further, where the last slice has none.
    const moved = mask.stored.map((_, n) => mask.stored[n - 1200] ?? 0);
    writeFileSync(file("moved.nii"), await writeNifti({ shape, data: moved, like: { affine } }, { gzip: false }));
    const against = ["--truth", file("moved.nii"), "-o", file("again.nii"), "--json"];
    const options = ["--tolerance", "5", "--empty-is-perfect"];
    const measured = JSON.parse((await atrous("segment", ...image, ...against, ...options)).stdout);
    const rules = { toleranceMm: 5, emptyIsPerfect: true };
    expect(measured.measures).toEqual({ spacingMm: [4, 1, 1], sheared: false, ...rules });
    const [found1] = measured.classes;
    expect(found1).toMatchObject({ truthPixels: moved.filter((label) => label === 1).length, surfaceDice: 1 });
    expect(found1.hausdorff).toBe(4);
    expect(found1.perSlice.map(({ recall }: { recall: number }) => recall === null)).toEqual([true, false, false]);
    expect(found1.thirds.map((third: object | null) => third === null)).toEqual([false, true, false]);
  });

  test("a sheared volume: what distances are of is said", async () => {
    const sheared = [affine[0]!.with(1, 0.2), ...affine.slice(1)];
    const voxels = Int16Array.from({ length: 3600 }, (_, n) => 500 + 300 * Math.sin(n / 7) + 200 * Math.cos(n / 391));
    const write = async (name: string, data: Int16Array<ArrayBuffer>) =>
      writeFileSync(file(name), await writeNifti({ shape, data, like: { affine: sheared } }, { gzip: false }));
    await write("sheared.nii", voxels);
    await write("sheared-truth.nii", new Int16Array(3600));
    const paths = [file("sheared.nii"), "--truth", file("sheared-truth.nii"), "-o", file("sheared-mask.nii")];
    const options = ["--model", modelPath, ...adapter];
    const { stdout } = await atrous("segment", ...paths, ...options);
    expect(stdout).toMatch(/^the image is sheared: distances are of its grid without the shear$/m);
    const report = JSON.parse((await atrous("segment", ...paths, ...options, "--json")).stdout);
    expect(report.measures.sheared).toBe(true);
    expect(report.classes[0]).toMatchObject({ dsc: 0, recall: null, hausdorff: null, surfaceDice: 0, truthPixels: 0 });
  });

  test("a picture at another spacing", async () => {
    const data = Uint8Array.from({ length: 1200 }, (_, n) => 128 + 100 * Math.sin(n / 9));
    writeFileSync(file("slice.png"), writePng({ width: 40, height: 30, channels: 1, data }));
    const argv = [
      file("slice.png"),
      "--model",
      modelPath,
      "--spacing",
      "0.5",
      "-o",
      file("slice-mask.png"),
      ...adapter,
    ];
    const { code, stdout, stderr } = await atrous("segment", ...argv);
    expect(stderr).not.toContain("atrous:");
    expect(code).toBe(0);
    expect(stdout).toMatch(/size +30x40 at 0\.5 x 0\.5 mm/);
    const mask = readLabelPng(readFileSync(file("slice-mask.png")), "mask");
    expect([mask.width, mask.height]).toEqual([40, 30]);
    const pixels = mask.data.filter((label) => label === 1).length;
    expect(stdout).toContain(`${Math.round(pixels / 4)} mm2`);
  });

  describe("a mask that is not ours to replace", () => {
    const picture = Uint8Array.from({ length: 1200 }, (_, n) => 128 + 100 * Math.sin(n / 9));
    const segment = async (...options: string[]) => {
      writeFileSync(file("picture.png"), writePng({ width: 40, height: 30, channels: 1, data: picture }));
      return atrous("segment", file("picture.png"), "--model", modelPath, ...options, ...adapter);
    };
    const refusal = (path: string, found: string) => ({
      code: 2,
      stdout: "",
      stderr: `atrous: ${path}: ${found}, expected another name, or --force to replace it\n`,
    });

    test("is read-only", async () => {
      const path = file("read-only.png");
      writeFileSync(path, "old");
      chmodSync(path, 0o444);
      expect(await segment("-o", path)).toEqual(refusal(path, "is read-only"));
      expect(await segment("-o", file("x.png"), "--overlay", path)).toEqual(refusal(path, "is read-only"));
      expect(readFileSync(path, "utf8")).toBe("old");
      const { code, stderr } = await segment("-o", path, "--force");
      expect(code, stderr).toBe(0);
      expect(readLabelPng(readFileSync(path), path).width).toBe(40);
      expect(lstatSync(path).mode & 0o777).toBe(0o444);
    });

    test("is owned by another user", async ({ skip }) => {
      const path = file("other.png");
      writeFileSync(path, "old");
      const user = process.getuid?.();
      if (user === undefined) return skip("no users here");
      const spy = vi.spyOn(process, "getuid").mockReturnValue(user + 1);
      try {
        expect(await segment("-o", path)).toEqual(refusal(path, "is owned by another user"));
      } finally {
        spy.mockRestore();
      }
      expect(readFileSync(path, "utf8")).toBe("old");
    });

    test("is a link that leads nowhere", async () => {
      const path = file("link.png");
      symlinkSync(file("unmounted.png"), path);
      expect(await segment("-o", path)).toEqual(refusal(path, "is a link to a file that is not there"));
      expect(lstatSync(path).isSymbolicLink()).toBe(true);
    });
  });

  test("truth in another order of axes and nearly whole", async () => {
    const voxels = Int16Array.from({ length: 3600 }, (_, n) => 500 + 300 * Math.sin(n / 7) + 200 * Math.cos(n / 391));
    writeFileSync(file("t.nii.gz"), await writeNifti({ shape, data: voxels, like: { affine } }, { gzip: true }));
    const image = [file("t.nii.gz"), "--model", modelPath, ...adapter];
    expect((await atrous("segment", ...image, "-o", file("t-mask.nii"))).code).toBe(0);
    const mask = await readNifti(readFileSync(file("t-mask.nii")), "mask");
    // Axis i runs upwards: the first voxel is 39 mm below where it was.
    const upwards = [affine[0]!, affine[1]!, [1, 0, 0, -9], affine[3]!];
    const data = Float32Array.from(mask.stored, (_, n) => mask.stored[n - (n % 40) + 39 - (n % 40)]! * 0.9995);
    const truth = await writeNifti({ shape, data, like: { affine: upwards } }, { gzip: true });
    writeFileSync(file("t-truth.nii.gz"), truth);
    const compare = ["-o", file("again.nii"), "--truth", file("t-truth.nii.gz")];
    const found = await atrous("segment", ...image, ...compare, "--json");
    expect(found.code, found.stderr).toBe(0);
    expect(JSON.parse(found.stdout).classes).toMatchObject([{ dsc: 1 }]);
  });
});
