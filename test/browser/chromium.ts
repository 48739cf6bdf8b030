// A page in headless Chromium with WebGPU on its software adapter, served from this process.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { scratchFolder } from "../support/scratch.ts";

const places = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/opt/google/chrome/chrome",
];

/** `CHROMIUM_PATH`, or where distributions put it; undefined where there is none. */
export function findChromium(): string | undefined {
  return [process.env.CHROMIUM_PATH, ...places].find((path) => path !== undefined && existsSync(path));
}

const flags = [
  "--headless",
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface ServedFile {
  readonly type: string;
  readonly body: Uint8Array | string;
}

/**
 * Serves files, opens `/` and waits until the page posts to `/result`. Rejects with what it posts to `/error`. What it posts to
 * `/kill-gpu` ends the browser's GPU process (Linux).
 */
export async function runPage(
  chromium: string,
  files: Readonly<Record<string, ServedFile>>,
  timeoutMs: number,
): Promise<Uint8Array> {
  const profile = scratchFolder();
  let browser: ChildProcess | undefined;
  let server: Server | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the page gave no result in ${timeoutMs} ms`)), timeoutMs);
      timer.unref();
      server = createServer(async (request, response) => {
        const path = new URL(request.url ?? "/", "http://localhost").pathname;
        const file = files[path];
        if (request.method === "POST") {
          const body = await readBody(request);
          if (path === "/kill-gpu") killGpuProcess(browser!.pid!);
          response.end();
          if (path === "/kill-gpu") return;
          if (path === "/result") resolve(body);
          else reject(new Error(`the page failed: ${new TextDecoder().decode(body)}`));
        } else if (file) response.setHeader("content-type", file.type).end(file.body);
        else response.writeHead(404).end();
      });
      server.listen(0, "127.0.0.1", () => {
        const { port } = server!.address() as AddressInfo;
        browser = spawn(chromium, [...flags, `--user-data-dir=${profile}`, `http://127.0.0.1:${port}/`], {
          stdio: "ignore",
          env: { ...process.env, TMPDIR: profile }, // killed, it leaves its temporary files
          detached: true, // a process group of its own, which `stop` ends as a whole
        });
        browser.on("error", reject);
        browser.on("exit", (code, signal) => reject(new Error(`Chromium ended: ${signal ?? `exit code ${code}`}`)));
      });
    });
  } finally {
    await stop(browser);
    server?.closeAllConnections();
    server?.close();
  }
}

/** Of the processes in a browser's group. */
function killGpuProcess(group: number): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const isGpu = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--type=gpu-process");
      const [, , , processGroup] = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/\(.*\)/, "()")
        .split(" ")
        .slice(1);
      if (isGpu && Number(processGroup) === group) process.kill(Number(pid), "SIGKILL");
    } catch {
      // It ended meanwhile.
    }
  }
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new Uint8Array(Buffer.concat(chunks));
}

function stop(browser: ChildProcess | undefined): Promise<void> {
  if (!browser?.pid || browser.exitCode !== null) return Promise.resolve();
  const group = -browser.pid;
  return new Promise((resolve) => {
    browser.once("exit", () => resolve());
    try {
      process.kill(group, "SIGKILL");
    } catch {
      resolve(); // it ended by itself
    }
  });
}
