// The pages of trainings and evaluations: numbers in charts and tables, escaping, and pictures that a browser shows.
import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { readPng } from "../../../src/formats/png/index.ts";
import type { TrainRecord } from "../../../src/train/loop/record.ts";
import { type SegmentBatch, validate } from "../../../src/train/loop/validate.ts";
import { binSteps, readHistory } from "../../../src/train/report/curves.ts";
import { renderEvaluationReport, renderTrainingReport, type TrainingReport } from "../../../src/train/report/index.ts";
import { findChromium, runPage } from "../../browser/chromium.ts";
import { buildConfig } from "../config/config.ts";
import { buildLog, buildOverlays, classNames } from "./history.ts";

const parse = (text: string) => parseHTML(text).document;
const chart = (page: Document, title: string) =>
  [...page.querySelectorAll("svg")].find((svg) => svg.getAttribute("aria-label")?.startsWith(title));
const overlays = buildOverlays();
const config = buildConfig({ network: { classes: 8 } });

function render(given: Partial<TrainingReport> = {}): string {
  return renderTrainingReport({
    name: "lumbar.json",
    config,
    log: buildLog({ epochs: 10, stepsPerEpoch: 5 }),
    classes: classNames,
    overlays,
    ...given,
  });
}

/** Points of the first path in a group of marks. */
function pathOf(svg: Element | undefined, label: string): [number, number][] {
  const text = svg?.querySelector(`[aria-label=${label}] path`)?.getAttribute("d") ?? "";
  return [...text.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
}

test("steps of a long training are put together, and none is lost", () => {
  const history = readHistory(buildLog({ epochs: 100, stepsPerEpoch: 70 }));
  const bins = binSteps(history, ({ loss }) => loss);
  expect(bins.length).toBeLessThanOrEqual(300);
  const losses = history.steps.map(({ loss }) => loss!);
  expect(Math.max(...bins.map(({ high }) => high))).toBe(Math.max(...losses));
  expect(Math.min(...bins.map(({ low }) => low))).toBe(Math.min(...losses));
  expect(bins.every(({ low, mean, high }) => low <= mean && mean <= high)).toBe(true);
  expect(bins.at(-1)!.epoch).toBeLessThanOrEqual(100);
  const short = readHistory(buildLog({ epochs: 2, stepsPerEpoch: 3 }));
  expect(binSteps(short, ({ loss }) => loss).map(({ mean }) => mean)).toEqual(short.steps.map(({ loss }) => loss));
});

test("curves are over epochs, and a lower rate is lower", () => {
  const page = parse(render());
  const rate = pathOf(chart(page, "Learning rate"), "line");
  expect(rate).toHaveLength(4); // first, last of the old rate, first of the new one, last
  const [first, before, after, last] = rate as [[number, number], ...[number, number][]];
  expect(before![1]).toBe(first[1]);
  expect(after![1]).toBeGreaterThan(before![1]);
  expect(last![1]).toBe(after![1]);
  // 8 of 10 epochs with the first rate
  expect((before![0] - first[0]) / (last![0] - first[0])).toBeCloseTo(39 / 49, 2);
  const loss = pathOf(chart(page, "Loss"), "line");
  expect(loss).toHaveLength(50);
  expect(loss.at(-1)![1]).toBeGreaterThan(loss[0]![1]);
});

test("a class that is nowhere has a name and no curve", () => {
  const page = parse(render());
  const svg = chart(page, "DSC of each class");
  const lines = svg?.querySelectorAll("[aria-label=line]") ?? [];
  expect(lines).toHaveLength(2);
  expect(lines[0]!.querySelectorAll("path")).toHaveLength(6);
  expect(page.querySelector(".legend")?.textContent).toContain("training");
  expect([...page.querySelectorAll(".legend")][1]?.textContent).toContain("disc");
});

test("the table shows the best and the last validation", () => {
  const log = buildLog({ epochs: 10, stepsPerEpoch: 5 });
  const validations = log.filter((record) => record.kind === "validation");
  const worse = validations.map((record, i) => ({ ...record, best: i === 3 }));
  const page = parse(render({ log: worse }));
  const rows = [...page.querySelectorAll("tbody tr")].map((tr) =>
    [...tr.querySelectorAll("td")].map(({ textContent }) => textContent),
  );
  expect(rows).toHaveLength(8);
  const [best, last] = [worse[3]!.classes[1]!, worse[9]!.classes[1]!];
  const texts = [best.dsc, best.iou, best.precision, best.recall, last.dsc, last.iou, last.precision, last.recall];
  expect(rows[1]).toEqual(["dural sac", ...texts.map((value) => value!.toFixed(4))]);
  expect(rows[7]).toEqual(["disc", ...Array(8).fill("-")]);
  expect(page.body.textContent).toContain(
    `best after epoch 4 (mean DSC ${worse[3]!.mean!.toFixed(4)}), last after epoch 10`,
  );
});

test("facts and warnings", () => {
  const text = parse(render({ log: buildLog({ epochs: 10, stepsPerEpoch: 5, resumedAt: 4 }) })).body.textContent!;
  expect(text).toMatch(/Steps50 of 50, 5 an epoch/);
  expect(text).toContain("Endedfinished, 2026-11-21 19:40 UTC");
  expect(text).toContain("Begun2026-11-20 20:15 UTC");
  expect(text).toContain("SOFTWARE adapter");
  const diverged = buildLog({ epochs: 1, stepsPerEpoch: 5 }).map((record) =>
    record.kind === "step" && record.step > 3 ? { ...record, loss: null } : record,
  );
  const killed = diverged.filter(({ kind }) => kind !== "stop");
  const page = parse(render({ log: killed })).body.textContent!;
  expect(page).toContain("Diverged: the loss of 2 steps is no finite number, first at step 4.");
  expect(page).toContain("Endednot yet, or killed");
});

test("a training without steps and without images is a page too", () => {
  const text = parse(render({ log: [], overlays: { worst: [], best: [] } })).body.textContent!;
  expect(text).toContain("No step was recorded.");
  expect(text).toContain("There was no validation.");
  expect(text).toContain("No image has a class to show.");
});

test("pictures are in the page, and nothing else is loaded", () => {
  const page = parse(render());
  const images = [...page.querySelectorAll("img")];
  expect(images).toHaveLength(6);
  for (const image of images) {
    const bytes = Buffer.from(image.getAttribute("src")!.replace("data:image/png;base64,", ""), "base64");
    expect(new Uint8Array(bytes.subarray(1, 4))).toEqual(new TextEncoder().encode("PNG"));
  }
  expect(page.querySelectorAll("link, iframe, [href], [src]:not(img)")).toHaveLength(0);
  expect(page.querySelector("figcaption")).not.toBeNull();
  expect(page.body.textContent).toContain("VB1/case07_012_img.png: DSC 0.6123");
});

const evil = `"'><img src=x onerror="parent.hacked=1"></svg></title></style></script><script>parent.hacked=1</script>&amp;`;

test("names are text, whatever is in them", () => {
  const classes = classNames.map((name, i) => (i === 2 ? evil : name));
  const log = buildLog({ epochs: 2, stepsPerEpoch: 2 }).map((record): TrainRecord => {
    if (record.kind === "start") return { ...record, adapter: evil, driver: evil, version: evil };
    if (record.kind === "stop") return { ...record, reason: "failed", message: evil };
    if (record.kind !== "validation") return record;
    return { ...record, classes: record.classes.map((metrics, i) => ({ ...metrics, name: classes[i]! })) };
  });
  const ofEvil = { worst: [{ ...overlays.worst[0]!, id: evil }], best: [] };
  const evilConfig = { ...config, output: evil };
  const page = parse(render({ name: evil, log, classes, overlays: ofEvil, config: evilConfig }));
  expect(page.querySelectorAll("img")).toHaveLength(1);
  expect(page.querySelectorAll("script")).toHaveLength(1);
  expect(page.querySelector("h1")?.textContent).toBe(`Training of ${evil}`);
  expect(page.querySelector(".pictures img")?.getAttribute("alt")).toBe(`${evil} with its classes`);
  expect(page.querySelector("pre")?.textContent).toContain(JSON.stringify(evil));
});

test("the configuration is JSON, as a file may have it", () => {
  expect(JSON.parse(parse(render()).querySelector("pre")!.textContent!)).toEqual(JSON.parse(JSON.stringify(config)));
});

const segment: SegmentBatch = async (samples) => ({ maps: samples.map(({ image }) => image) });

/** `volumes`: the images of each. */
async function renderEvaluation(...volumes: number[][]): Promise<string> {
  const labels = Array.from({ length: 5 }, (_, i) => Uint32Array.from({ length: 64 }, (_, p) => (p < 8 * i ? 1 : 0)));
  const result = await validate(
    segment,
    {
      size: 5,
      imageSize: [8, 8],
      ids: labels.map((_, i) => `image ${i}`),
      subjects: labels.map(() => evil),
      targets: "index",
      stacks: volumes.map((samples) => ({ id: evil, subject: evil, samples, positions: samples })),
      sample: async (i) => ({
        image: Float32Array.from(labels[Math.max(0, i - 1)]!),
        labels: labels[i]!,
        spacingMm: [2, 1],
        sliceMm: 3,
      }),
    },
    { classes: ["background", "body", "disc"], batch: 2, surfaces: true },
  );
  const facts = { Adapter: evil };
  const measures = { toleranceMm: 1.5, emptyIsPerfect: false };
  return renderEvaluationReport({ name: "best.safetensors", facts, config, result, measures, overlays });
}

test("an evaluation shows classes and images", async () => {
  const page = parse(await renderEvaluation([0, 1, 2, 3, 4]));
  const [classes, volumes, images] = page.querySelectorAll("table");
  const cells = (table: Element | undefined) =>
    [...(table?.querySelectorAll("tbody tr") ?? [])].map((tr) =>
      [...tr.querySelectorAll("td")].map(({ textContent }) => textContent),
    );
  const dsc = (2 * 48) / (48 + 80);
  expect(cells(classes)[1]?.slice(0, 2)).toEqual(["body", dsc.toFixed(4)]);
  expect(cells(classes)[2]).toEqual(["disc", ...Array(4).fill("-"), "1.0000", ...Array(6).fill("-"), "0", "0"]);
  // A volume of 5 slices: each is predicted as the one before it, a row of 2 mm less.
  expect(cells(volumes)[0]!.slice(0, 6)).toEqual([evil, evil, "5", "body", dsc.toFixed(4), (-32 / 80).toFixed(4)]);
  // Of the 4 slices with the class the first is missed; the middle third has the second and the third one.
  expect(cells(volumes)[0]!.slice(9, 13)).toEqual(["0.0000", "-", (48 / 64).toFixed(4), "2.0000"]);
  expect(cells(images)[0]).toEqual(["image 0", evil, "-", "-", "-", "-", "-"]);
  const found = [(16 / 24).toFixed(4), (16 / 24).toFixed(4), "-", "2.0000", expect.any(String)];
  expect(cells(images)[2]).toEqual(["image 2", evil, ...found]);
  expect(page.querySelector("body")!.textContent).toContain("share within 1.5 mm; each the mean over the volumes");
  expect(chart(page, "DSC of each image")?.querySelectorAll("[aria-label=tick] line")).toHaveLength(4 + 1);
  expect(page.querySelectorAll("script")).toHaveLength(1);
});

test("an evaluation shows subjects of several volumes, and no volumes where there are none", async () => {
  const titles = async (...volumes: number[][]) =>
    [...parse(await renderEvaluation(...volumes)).querySelectorAll("h2")].map(({ textContent }) => textContent);
  expect(await titles([0, 1, 2, 3, 4])).toEqual(["Classes", "Volumes", "Images", "Configuration"]);
  expect(await titles([0, 1, 2], [3, 4])).toEqual(["Classes", "Volumes", "Subjects", "Images", "Configuration"]);
  expect(await titles()).toEqual(["Classes", "Subjects", "Images", "Configuration"]);
  const [, , subjects] = parse(await renderEvaluation([0, 1, 2], [3, 4])).querySelectorAll("table");
  const cells = [...subjects!.querySelectorAll("tbody td")].map(({ textContent }) => textContent);
  const [dsc, iou] = [(2 * 48) / (48 + 80), 48 / 80].map((value) => value.toFixed(4));
  expect(cells.slice(0, 5)).toEqual([evil, "5", dsc, iou, (-32 / 80).toFixed(4)]);
});

test("overlays are pictures of the size that pages show", () => {
  const { width, height } = readPng(overlays.best[0]!.png, "overlay");
  expect([width, height]).toEqual([384, 384]);
});

const chromium = findChromium();
if (!chromium) console.warn("LEFT OUT: the report in a browser, since no Chromium was found (set CHROMIUM_PATH)");

/** Runs in the page around the report: posts what of it is shown. */
function inspectReport(): void {
  const frame = document.querySelector("iframe");
  frame?.addEventListener("load", () => {
    const report = frame.contentDocument!;
    const widths = [...report.querySelectorAll("img")].map(({ naturalWidth }) => naturalWidth);
    setTimeout(() => {
      const found = { widths, hacked: "hacked" in window, width: report.documentElement.scrollWidth };
      fetch("/result", { method: "POST", body: JSON.stringify(found) });
    }, 200);
  });
}

test.skipIf(!chromium)("a browser shows the pictures, and runs nothing that names bring", async () => {
  const body = `<!doctype html><iframe src="/report.html" width="1040" height="800"></iframe><script>(${inspectReport})()</script>`;
  const files = {
    "/": { type: "text/html", body },
    "/report.html": { type: "text/html; charset=utf-8", body: render({ name: evil }) },
  };
  const found = JSON.parse(new TextDecoder().decode(await runPage(chromium!, files, 50_000)));
  expect(found.widths).toEqual(Array(6).fill(384));
  expect(found.hacked).toBe(false);
  expect(found.width).toBeLessThanOrEqual(1040);
});
