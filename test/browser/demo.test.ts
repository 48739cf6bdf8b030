// The demo page fine-tunes the small network in a real browser, and the loss falls.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bundleForBrowser } from "./bundle.ts";
import { findChromium, runPage } from "./chromium.ts";

const chromium = findChromium();
if (!chromium) console.warn("LEFT OUT: the demo page's test, since no Chromium was found (set CHROMIUM_PATH)");

/** Clicks the button once the page has segmented the sample, and posts what the page says in the end. */
const driver = `
const text = (id) => document.getElementById(id).textContent;
const said = [];
let clicked = false;
const timer = setInterval(() => {
  if (!document.getElementById("error").hidden) post("/error", text("error"));
  if (!clicked && text("status").startsWith("Done")) {
    clicked = true;
    document.getElementById("fine-tune").click();
  }
  const status = text("fine-tune-status");
  if (status !== said.at(-1)) said.push(status);
  if (status.startsWith("Done")) {
    const inked = (id) => {
      const { width, height } = document.getElementById(id);
      const { data } = document.getElementById(id).getContext("2d").getImageData(0, 0, width, height);
      return data.some((value, i) => i % 4 < 3 && value > 0);
    };
    post("/result", JSON.stringify({ said, scores: [text("before-score"), text("after-score")], inked: ["loss", "before", "after"].map(inked) }));
  }
}, 50);
function post(path, body) {
  clearInterval(timer);
  fetch(path, { method: "POST", body });
}
`;

test.skipIf(!chromium)(
  "fine-tuning on the sample: the loss falls, the slice is segmented better",
  {
    timeout: 420_000,
  },
  async () => {
    const script = await bundleForBrowser("src/demo/demo.ts");
    const binary = (path: string) => ({ type: "application/octet-stream", body: new Uint8Array(readFileSync(path)) });
    const page = readFileSync("src/demo/index.html", "utf8").replace("</body>", `<script>${driver}</script></body>`);
    const weights = "msff-resnet18-lumbar-small.safetensors";
    const scans = ["synthetic-lumbar-phantom.nii.gz", "synthetic-lumbar-phantom-truth.nii.gz"];
    const posted = await runPage(
      chromium!,
      {
        "/": { type: "text/html", body: page },
        "/demo.js": { type: "text/javascript", body: script },
        [`/${weights}`]: binary(`weights/${weights}`),
        ...Object.fromEntries(scans.map((scan) => [`/sample/${scan}`, binary(`weights/sample/${scan}`)])),
      },
      400_000,
    );
    const { said, scores, inked } = JSON.parse(new TextDecoder().decode(posted));
    console.log(said.at(-1), scores);
    const [, first, last] = /loss ([\d.]+) at the first step, ([\d.]+) at step 20/.exec(said.at(-1))!.map(Number);
    expect(last).toBeLessThan(0.7 * first!);
    const [before, after] = scores.map((score: string) => Number(score.replace("DSC ", "")));
    expect(after).toBeGreaterThan(before);
    expect(inked, "loss curve and both slices are drawn").toEqual([true, true, true]);
  },
);
