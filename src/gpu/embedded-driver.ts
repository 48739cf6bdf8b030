// SwiftShader, a Vulkan driver in software, for Linux x64 machines that have no driver and no root to install one.
//
// It comes with two optional packages: `@sparticuz/chromium` holds the driver and a Vulkan loader, `koffi` loads that loader
// where the system has none. Their absence is no error until the driver is asked for.
// The files are unpacked once per version into a folder of this user, 8 MB. Unpacking is safe under concurrent processes.

import { lstatSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { basename, dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { loadLibrary, resolvePackage } from "./native.ts";
import { readTar } from "./tar.ts";

const PACKAGE = "@sparticuz/chromium";
const FILES = ["libvk_swiftshader.so", "vk_swiftshader_icd.json", "libvulkan.so.1"] as const;

export interface EmbeddedDriver {
  /** Manifest for VK_DRIVER_FILES. */
  readonly manifest: string;
  /** Loads the Vulkan loader into the whole process; only for machines that have none. */
  loadLoader(): Promise<void>;
}

/**
 * Unpacks the driver if need be. Undefined where it cannot be had: another platform, or the package is not installed.
 * Throws what the file system throws when no folder can be written.
 */
export function embeddedDriver(): EmbeddedDriver | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const entry = resolvePackage(PACKAGE);
  if (entry === undefined) return undefined;
  // How deep the entry lies differs between versions.
  const root = entry.slice(0, entry.lastIndexOf(PACKAGE) + PACKAGE.length);
  const folder = unpackOnce(join(root, "bin", "swiftshader.tar.br"));
  return {
    manifest: join(folder, "vk_swiftshader_icd.json"),
    async loadLoader() {
      await loadLibrary(join(folder, "libvulkan.so.1"));
    },
  };
}

/** Folder with the files of `archive`; others cannot have written it. */
function unpackOnce(archive: string): string {
  const compressed = readFileSync(archive);
  const version = /"version":\s*"([\w.-]+)"/.exec(readFileSync(join(dirname(archive), "..", "package.json"), "utf8"));
  const target = join(cacheFolder(), `swiftshader-${version?.[1] ?? "unknown"}-${compressed.length}`);
  if (isOwn(target)) return target;
  const contents = readTar(brotliDecompressSync(compressed), archive);
  const unpacked = mkdtempSync(`${target}-`);
  try {
    for (const { name, bytes } of contents) {
      const file = FILES.find((wanted) => wanted === basename(name));
      if (file) writeFileSync(join(unpacked, file), bytes, { mode: 0o700 });
    }
    renameSync(unpacked, target);
  } catch (error) {
    rmSync(unpacked, { recursive: true, force: true });
    // Another process was faster: renaming onto a folder with files in it fails, and that folder is as good.
    if (!isOwn(target)) throw error;
  }
  return target;
}

/** This user's own folder for cached files. In the shared temporary folder only where there is no home that can be written. */
function cacheFolder(): string {
  const { uid } = userInfo();
  const candidates = [
    join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "atrous"),
    join(tmpdir(), `atrous-${uid}`),
  ];
  let failure: unknown;
  for (const folder of candidates) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      rmSync(mkdtempSync(join(folder, "probe-")), { recursive: true });
      if (isOwn(folder)) return folder;
      failure = new Error(`${folder} belongs to another user`);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** A real folder of this user: code is loaded from it, so nobody else may have put it there. */
function isOwn(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === userInfo().uid && (found.mode & 0o022) === 0;
}
