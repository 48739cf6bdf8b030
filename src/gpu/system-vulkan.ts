// What this Linux machine offers of Vulkan, found by looking at files only. Nothing is loaded: a failed load inside Dawn is
// printed on the user's screen, and the object that tried never tries again.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

const LOADER = "libvulkan.so.1";

export interface SystemVulkan {
  /** Whether the dynamic linker would find the Vulkan loader. */
  readonly loader: boolean;
  /** Driver manifests (`*.json`) that the loader would read. */
  readonly drivers: readonly string[];
}

/** `environment` and `root` (prefixed to every fixed path) are arguments for tests. */
export function systemVulkan(environment: NodeJS.ProcessEnv = process.env, root = ""): SystemVulkan {
  return { loader: hasLoader(environment, root), drivers: driverManifests(environment, root) };
}

function hasLoader(environment: NodeJS.ProcessEnv, root: string): boolean {
  const own = split(environment.LD_LIBRARY_PATH);
  if (own.some((directory) => existsSync(join(directory, LOADER)))) return true;
  try {
    // The linker's own list: NUL-terminated paths in a binary file, which may be out of date.
    const cache = readFileSync(`${root}/etc/ld.so.cache`, "latin1");
    for (const [path] of cache.matchAll(/\/[^\0]*\/libvulkan\.so\.1(?=\0)/g)) if (existsSync(root + path)) return true;
  } catch {
    // No cache (musl, NixOS): the standard directories are all there is.
  }
  const standard = ["/lib", "/usr/lib", "/lib64", "/usr/lib64"];
  return standard.some((directory) => existsSync(join(root + directory, LOADER)));
}

/** Order and places: https://vulkan.lunarg.com/doc/view/latest/linux/LoaderDriverInterface.html */
function driverManifests(environment: NodeJS.ProcessEnv, root: string): string[] {
  const named = environment.VK_DRIVER_FILES ?? environment.VK_ICD_FILENAMES;
  if (named) return split(named).flatMap(manifestsAt);
  const home = environment.HOME ?? homedir();
  const places = [
    environment.XDG_CONFIG_HOME ?? join(home, ".config"),
    ...split(environment.XDG_CONFIG_DIRS ?? `${root}/etc/xdg`),
    `${root}/etc`,
    `${root}/usr/local/etc`,
    environment.XDG_DATA_HOME ?? join(home, ".local/share"),
    ...(environment.XDG_DATA_DIRS
      ? split(environment.XDG_DATA_DIRS)
      : [`${root}/usr/local/share`, `${root}/usr/share`]),
    `${root}/run/opengl-driver/share`,
  ];
  const found = places.flatMap((place) => manifestsAt(join(place, "vulkan/icd.d")));
  return [...new Set([...found, ...split(environment.VK_ADD_DRIVER_FILES).flatMap(manifestsAt)])];
}

function manifestsAt(path: string): string[] {
  if (path.endsWith(".json")) return existsSync(path) ? [path] : [];
  try {
    const names = readdirSync(path).filter((name) => name.endsWith(".json"));
    return names.sort().map((name) => join(path, name));
  } catch {
    return [];
  }
}

function split(list: string | undefined): string[] {
  return (list ?? "").split(delimiter).filter(Boolean);
}
