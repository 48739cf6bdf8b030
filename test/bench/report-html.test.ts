// The report page: values in charts and tables, escaping, and the page in a real browser.
import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import type { BenchRecord } from "../../bench/record.ts";
import { formatHtml } from "../../bench/report/html.ts";
import { scalingSeries } from "../../bench/report/scaling-plot.ts";
import type { GraphProfile } from "../../src/graph/run/profile.ts";
import { html } from "../../src/report/markup.ts";
import { findChromium, runPage } from "../browser/chromium.ts";
import {
  asSoftware,
  buildPeer,
  buildProfile,
  buildRecord,
  buildRow,
  buildSamples,
  buildWholeRecord,
  peaks,
} from "./record.ts";

const parse = (text: string) => parseHTML(text).document;
const chart = (page: Document, title: string) =>
  [...page.querySelectorAll("svg")].find((svg) => svg.getAttribute("aria-label")?.startsWith(title));

function position(element: Element | undefined): number[] {
  return [...(element?.getAttribute("transform") ?? "").matchAll(/-?\d+(\.\d+)?/g)].map(([number]) => Number(number));
}

/** Dots by the first line of their titles. */
function dots(svg: Element | undefined): Map<string, Element> {
  return new Map(
    [...(svg?.querySelectorAll("[aria-label=dot] path, [aria-label=dot] circle") ?? [])].map((dot) => [
      dot.querySelector("title")?.textContent ?? "",
      dot,
    ]),
  );
}

test("ratios are dots on a logarithmic axis around 1", () => {
  const peers = { "ONNX Runtime WebGPU": buildPeer(2), "jax-js": buildPeer(4), "ONNX Runtime CPU": buildPeer(0.5) };
  const page = parse(formatHtml(buildRecord([buildRow({ peers })])));
  const svg = chart(page, "kernels: ResNet-18");
  const found = [...dots(svg)];
  expect(found).toHaveLength(2); // none for the CPU
  const x = (peer: string) => position(found.find(([title]) => title.includes(peer))?.[1])[0]!;
  const one = Number(svg?.querySelector("[aria-label=rule] line")?.getAttribute("x1"));
  const [onnx, jax] = [x("ONNX Runtime WebGPU: 2.00x"), x("jax-js: 4.00x")];
  expect(onnx).toBeGreaterThan(one + 50);
  expect(jax - onnx).toBeCloseTo(onnx - one, 6);
  expect(svg?.textContent).toContain("2.00x");
});

test("rows with a problem and rows without a peer have no dot", () => {
  const rows = [
    buildRow({ name: "good" }),
    { ...buildRow({ name: "bad" }), problem: "results differ" },
    buildRow({ name: "alone", peers: {} }),
  ];
  const page = parse(formatHtml(buildRecord(rows)));
  const text = chart(page, "kernels")?.textContent;
  expect(text).toContain("good");
  expect(text).not.toMatch(/bad|alone/);
  expect(page.querySelector("table")?.textContent).toContain("not counted: results differ");
});

test("what reaches the peaks lies on the roofs", () => {
  const [flop, bytes] = [peaks.fmaF32Gflops * 1e6, peaks.copyGBs * 1e6]; // of 1 ms each
  const rows = [
    buildRow({ name: "arithmetic", flop, bytes: bytes / 8, gpuMs: 1 }),
    buildRow({ name: "memory", flop: flop / 8, bytes, gpuMs: 1 }),
    buildRow({ name: "half", flop, bytes: bytes / 8, gpuMs: 2 }),
  ];
  const svg = chart(parse(formatHtml(buildRecord(rows))), "Roofline");
  const of = (name: string) => position([...dots(svg)].find(([title]) => title.startsWith(name))?.[1]);
  const lines = [...(svg?.querySelectorAll("[aria-label=line] path") ?? [])].map((path) =>
    (path.getAttribute("d") ?? "").match(/-?\d+(\.\d+)?/g)!.map(Number),
  );
  const [slope, roof] = [lines[0]!, lines[1]!];
  expect(of("arithmetic")[1]).toBeCloseTo(roof[1]!, 1);
  expect(of("half")[1]).toBeGreaterThan(roof[1]! + 5);
  const [x, y] = of("memory");
  const along = (x! - slope[0]!) / (slope[2]! - slope[0]!);
  expect(along).toBeGreaterThan(0);
  expect(y).toBeCloseTo(slope[1]! + along * (slope[3]! - slope[1]!), 1);
  expect(svg?.textContent).toMatch(/memory: 610 GB\/s/);
  expect(svg?.textContent).toMatch(/f32 arithmetic: 14200 GFLOP\/s/);
  expect(svg?.textContent).not.toContain("f16 arithmetic");
});

test("nodes stand under the roof and in a table", () => {
  const profile = buildProfile(10);
  const page = parse(formatHtml(buildRecord([]), { profiles: [{ title: "network", profile }] }));
  const titles = [...dots(chart(page, "Roofline")).keys()];
  // A node without arithmetic and one without time cannot be placed.
  expect(titles).toHaveLength(8);
  expect(page.body.textContent).toContain("2 without arithmetic or without a time");
  const [, nodes] = page.querySelectorAll("table");
  const cells = [...(nodes?.querySelectorAll("tbody tr") ?? [])].map((tr) =>
    [...tr.querySelectorAll("td")].map((td) => td.textContent),
  );
  const { name, medianNanoseconds, cost } = profile.nodes[0]!;
  expect(cells).toHaveLength(10);
  expect(cells[0]?.slice(0, 3)).toEqual([name, "conv2d/tiled", "[1, 64, 64, 64]"]);
  expect(Number(cells[0]?.[3])).toBeCloseTo(medianNanoseconds / 1000, 0);
  expect(Number(cells[0]?.[4]) * medianNanoseconds).toBeCloseTo(cost.flop, -7);
  expect(cells[0]?.[7]).toBe("compute");
  expect(cells[9]?.slice(3, 7)).toEqual(["-", "-", "-", "-"]);
});

test("scaling is time per pixel over that of the smallest size", () => {
  const model = (n: number, side: number, gpuMs: number | null, medianMs = 1) =>
    buildRow({
      suite: "models",
      name: `U-Net ${side} N${n}`,
      group: "U-Net",
      shape: [n, 3, side, side],
      gpuMs,
      ours: buildSamples(medianMs),
    });
  const rows = [
    model(1, 256, 8),
    model(1, 128, 1),
    model(1, 512, 16),
    model(4, 128, 2),
    { ...model(1, 64, 1), problem: "bad" },
  ];
  const [pixels, ...others] = scalingSeries(rows, "pixels");
  expect(others).toEqual([]); // one row alone is no series
  expect(pixels?.points.map(({ size, relative }) => [size, relative])).toEqual([
    [128 ** 2, 1],
    [256 ** 2, 2],
    [512 ** 2, 1],
  ]);
  expect(
    scalingSeries(rows, "batch").map(({ points }) => points.map(({ size, relative }) => [size, relative])),
  ).toEqual([
    [
      [1, 1],
      [4, 0.5],
    ],
  ]);
  // One row without GPU time: the whole series is of whole runs.
  const mixed = scalingSeries([model(1, 128, 1, 1), model(1, 256, null, 6)], "pixels");
  expect(mixed[0]?.points.map(({ relative }) => relative)).toEqual([1, 1.5]);
  expect(scalingSeries([buildRow(), buildRow({ name: "larger", shape: [1, 64, 128, 128] })], "pixels")).toEqual([]);
});

test("charts that have nothing to show say so", () => {
  const page = parse(formatHtml(buildRecord([buildRow({ peers: {} })], { peaks: null })));
  expect(page.body.textContent).toContain("No row has a time of a GPU peer.");
  expect(page.body.textContent).toContain("The adapter's peaks were not measured.");
  expect(page.body.textContent).toContain("No network was measured at two sizes.");
  expect(page.querySelectorAll("svg")).toHaveLength(0);
});

test("rows of one operator name what computed them", () => {
  const kernels = ["winogradInput/patches", "winogradOutput/tiles"];
  const page = parse(formatHtml(buildRecord([buildRow({ kernels })])));
  expect([...page.querySelectorAll("th")].at(-1)?.textContent).toBe("kernel");
  expect([...page.querySelectorAll("td")].at(-1)?.textContent).toBe(kernels.join(" + "));
});

test("every chart of a software adapter says so", () => {
  const record = buildWholeRecord();
  const captions = [...parse(formatHtml(asSoftware(record))).querySelectorAll("figcaption")];
  expect(captions).toHaveLength(3);
  for (const { textContent } of captions)
    expect(textContent).toContain("llvmpipe: Mesa 25.0.7 (software), 2026-03-04 05:06 UTC. SOFTWARE");
  expect(formatHtml(record)).not.toContain("SOFTWARE");
});

test("one file, nothing from elsewhere, under 500 kB", () => {
  const text = formatHtml(buildWholeRecord(), { profiles: [{ title: "network", profile: buildProfile(120) }] });
  expect(text.length).toBeLessThan(500_000);
  const page = parse(text);
  expect(page.querySelectorAll("link, img, iframe, [src], [href]")).toHaveLength(0);
  expect(text).not.toMatch(/@import|url\(/);
});

const evil = `"'><img src=x onerror="parent.hacked=1"></svg></title></style></script><script>parent.hacked=1</script>&amp;`;

/** Every string that a record and a profile can hold. */
function evilReport(): { record: BenchRecord; profile: GraphProfile } {
  const peers = { [evil]: buildPeer(2), [`${evil}2`]: { problem: evil } };
  const row = buildRow({ name: evil, group: evil, kernels: [evil], peers });
  const model = { ...row, suite: "models", shape: [1, 3, 8, 8] } as const;
  const rows = [
    row,
    { ...row, name: `${evil}3`, problem: evil },
    model,
    { ...model, name: `${evil}4`, shape: [1, 3, 16, 16] },
  ];
  const names = { vendor: evil, architecture: evil, device: evil, description: evil, driver: evil };
  const record = buildRecord(rows, {
    version: evil,
    adapter: { ...names, kind: "software" },
    host: { cpu: evil, cores: 1, node: evil },
  });
  const profile = buildProfile(4);
  return {
    record,
    profile: {
      ...profile,
      nodes: profile.nodes.map((node, i) => ({ ...node, name: `${evil}${i}`, operator: evil, kernel: evil })),
    },
  };
}

test("strings of a record are text, whatever is in them", () => {
  const { record, profile } = evilReport();
  const page = parse(formatHtml(record, { profiles: [{ title: evil, profile }] }));
  expect(page.querySelectorAll("img")).toHaveLength(0);
  expect(page.querySelectorAll("script")).toHaveLength(1);
  expect(page.querySelectorAll("h2")[3]?.textContent).toBe("All rows");
  expect(page.querySelector("h3")?.textContent).toBe(`kernels: ${evil}`);
  expect(page.querySelector("tbody td")?.textContent).toBe(evil);
  expect(page.querySelector("tbody td")?.getAttribute("data-value")).toBe(evil);
});

test("the template escapes what is not markup", () => {
  expect(html`<p title="${`"`}">${"<&>'"}${undefined}${3}${[html`<b>${"<"}</b>`]}</p>`.html).toBe(
    `<p title="&#34;">&#60;&#38;&#62;&#39;3<b>&#60;</b></p>`,
  );
});

const chromium = findChromium();
if (!chromium) console.warn("LEFT OUT: the report in a browser, since no Chromium was found (set CHROMIUM_PATH)");

/** Runs in the page around the report: sorts its tables, and posts what they then hold. */
function inspectReport(): void {
  const frame = document.querySelector("iframe");
  frame?.addEventListener("load", () => {
    const report = frame.contentDocument!;
    const table = report.querySelector("table")!;
    const click = (title: string) => {
      const header = [...table.querySelectorAll("th")].find((th) => th.textContent === title)!;
      header.querySelector("button")!.click();
      const column = [...table.tBodies[0]!.rows].map((row) => row.cells[header.cellIndex]!.dataset.value ?? null);
      return { column, sort: header.getAttribute("aria-sort"), sorted: table.querySelectorAll("[aria-sort]").length };
    };
    const clicks = ["ratio", "ratio", "name", "name", "GPU ms"].map(click);
    // Scripts that got in would have run by now; a failing image has had its turn of the event loop.
    setTimeout(() => {
      const found = { clicks, hacked: "hacked" in window, width: report.documentElement.scrollWidth };
      fetch("/result", { method: "POST", body: JSON.stringify(found) });
    }, 200);
  });
}

async function openReport(report: string) {
  const body = `<!doctype html><iframe src="/report.html" width="1000" height="800"></iframe><script>(${inspectReport})()</script>`;
  const files = {
    "/": { type: "text/html", body },
    "/report.html": { type: "text/html; charset=utf-8", body: report },
  };
  const posted = new TextDecoder().decode(await runPage(chromium!, files, 50_000));
  return JSON.parse(posted) as {
    clicks: { column: (string | null)[]; sort: string; sorted: number }[];
    hacked: boolean;
    width: number;
  };
}

test.skipIf(!chromium)("a click on a title sorts, and another turns it around", async () => {
  const row = (name: string, peerMs: number | null, gpuMs: number | null) =>
    buildRow({ name, gpuMs, peers: peerMs === null ? {} : { "jax-js": buildPeer(peerMs) } });
  const record = buildRecord([row("b", 9, 2), row("a10", null, 1), row("a9", 10, null), row("c", 2.5, 3)]);
  const { clicks, width } = await openReport(formatHtml(record));
  expect(clicks.map(({ sort }) => sort)).toEqual(["descending", "ascending", "ascending", "descending", "descending"]);
  expect(clicks.every(({ sorted }) => sorted === 1)).toBe(true);
  expect(clicks.map(({ column }) => column)).toEqual([
    ["10", "9", "2.5", null],
    ["2.5", "9", "10", null],
    ["a9", "a10", "b", "c"],
    ["c", "b", "a10", "a9"],
    ["3", "2", "1", null],
  ]);
  expect(width).toBeLessThanOrEqual(1000);
});

test.skipIf(!chromium)("a browser runs nothing that a record brings", async () => {
  const { record, profile } = evilReport();
  const { hacked, clicks } = await openReport(formatHtml(record, { profiles: [{ title: evil, profile }] }));
  expect(hacked).toBe(false);
  expect(clicks[2]?.column[0]).toBe(evil);
});
