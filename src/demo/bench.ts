// The bench page: the shapes of `atrous bench` on this browser's GPU, with a record to copy. No peers here.
// It reaches beside the public API, as the command does: the bench measures the engine's inside.
import { type BenchCase, networkCase } from "../../bench/cases.ts";
import { createAtrous, createData } from "../../bench/contenders.ts";
import { measurePeaks } from "../../bench/peaks.ts";
import { type BenchRecord, type BenchRow, type Peaks, summarize } from "../../bench/record.ts";
import { createRow } from "../../bench/row.ts";
import { kernelZoo } from "../../bench/zoo.ts";
import { version } from "../../package.json";
import { type Gpu, openGpu } from "../index.ts";

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const groupInput = element<HTMLSelectElement>("group");
const startButton = element<HTMLButtonElement>("start");
const copyButton = element<HTMLButtonElement>("copy");

const zoo = kernelZoo();
const networks = [160, 256, 512].map((size) => networkCase(size, 1));
const cases = [...networks, ...zoo];
let record: BenchRecord | undefined;

async function bench(chosen: readonly BenchCase[], rounds: number): Promise<void> {
  const gpu = await openGpu();
  try {
    say(`Measuring the peaks of ${gpu.adapter.driver} ...`);
    const peaks = await measurePeaks(gpu);
    const rows: BenchRow[] = [];
    for (const [i, entry] of chosen.entries()) {
      say(`${i + 1} of ${chosen.length}: ${entry.name} ...`);
      const row = await measure(gpu, entry, rounds, peaks);
      rows.push(row);
      showRow(row);
      const host = { cpu: navigator.userAgent, cores: navigator.hardwareConcurrency, node: "none, a browser" };
      record = { schema: 1, date: new Date().toISOString(), version, adapter: gpu.adapter, host, peaks, rows };
      copyButton.disabled = false;
    }
    say(
      `Done on ${gpu.adapter.driver}: ${peaks.fmaF32Gflops.toFixed(0)} GFLOP/s, ${peaks.copyGBs.toFixed(1)} GB/s at most`,
    );
  } finally {
    await gpu.dispose();
  }
}

async function measure(gpu: Gpu, entry: BenchCase, rounds: number, peaks: Peaks): Promise<BenchRow> {
  const ours = await createAtrous(gpu, entry, createData(entry));
  try {
    const bad = (await ours.run()).findIndex((value) => !Number.isFinite(value));
    const milliseconds: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = performance.now();
      await ours.run();
      milliseconds.push(performance.now() - before);
    }
    const profile = gpu.features.has("timestamp-query") ? await ours.profile(rounds) : undefined;
    const row = createRow(entry, ours, { samples: summarize(milliseconds), profile, peaks, peers: {} });
    return bad < 0 ? row : { ...row, problem: `element ${bad} of the result is not finite` };
  } finally {
    await ours.dispose();
  }
}

function showRow({ name, ours, gpuMs, flop, rooflineShare, problem }: BenchRow): void {
  const ms = gpuMs || ours.medianMs;
  const cells = [
    problem ? `${name}: ${problem}` : name,
    ours.medianMs.toFixed(2),
    gpuMs === null ? "-" : gpuMs.toFixed(2),
    (flop / ms / 1e6).toFixed(1),
    rooflineShare === null ? "-" : (rooflineShare * 100).toFixed(0),
  ];
  const row = document.createElement("tr");
  row.append(...cells.map((textContent) => Object.assign(document.createElement("td"), { textContent })));
  element("rows").append(row);
}

function say(text: string): void {
  element("status").textContent = text;
}

const groups = [...new Set(cases.map(({ group }) => group))];
groupInput.append(...groups.map((textContent) => Object.assign(document.createElement("option"), { textContent })));
copyButton.addEventListener("click", async () => {
  await navigator.clipboard.writeText(JSON.stringify(record, null, 1));
  say("Copied.");
});
element<HTMLFormElement>("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  startButton.disabled = true;
  element("error").hidden = true;
  element("rows").replaceChildren();
  try {
    const rounds = Math.max(1, element<HTMLInputElement>("rounds").valueAsNumber || 1);
    await bench(
      cases.filter(({ group }) => group === groupInput.value),
      rounds,
    );
  } catch (error) {
    say("");
    element("error").textContent = error instanceof Error ? error.message : String(error);
    element("error").hidden = false;
  } finally {
    startButton.disabled = false;
  }
});
