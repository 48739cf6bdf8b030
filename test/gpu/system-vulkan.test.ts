import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { systemVulkan } from "../../src/gpu/system-vulkan.ts";
import { scratchFolder } from "../support/scratch.ts";

/** A file system that holds these files. */
function machine(...files: string[]): string {
  const root = scratchFolder();
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(
      join(root, file),
      file.endsWith("ld.so.cache") ? "x\0libm.so.6\0libvulkan.so.1\0/opt/lib/libvulkan.so.1\0y" : "{}",
    );
  }
  return root;
}

const bare = { HOME: "/nonexistent" };

test("finds nothing on a bare machine", () => {
  const root = machine("usr/lib/libm.so.6", "usr/share/vulkan/icd.d/readme.txt");
  expect(systemVulkan(bare, root)).toEqual({ loader: false, drivers: [] });
});

test("finds the loader in the linker's cache, in standard directories and in LD_LIBRARY_PATH", () => {
  expect(systemVulkan(bare, machine("etc/ld.so.cache", "opt/lib/libvulkan.so.1")).loader).toBe(true);
  expect(systemVulkan(bare, machine("etc/ld.so.cache")).loader, "a stale cache").toBe(false);
  expect(systemVulkan(bare, machine("usr/lib64/libvulkan.so.1")).loader).toBe(true);
  const root = machine("opt/vulkan/libvulkan.so.1");
  expect(systemVulkan(bare, root).loader).toBe(false);
  expect(systemVulkan({ ...bare, LD_LIBRARY_PATH: `/none::${root}/opt/vulkan` }, root).loader).toBe(true);
});

test("finds drivers in every place that the loader reads, each once", () => {
  const root = machine(
    "etc/vulkan/icd.d/nvidia_icd.json",
    "usr/share/vulkan/icd.d/lvp_icd.x86_64.json",
    "home/.local/share/vulkan/icd.d/own.json",
    "data/vulkan/icd.d/data.json",
    "extra/extra.json",
  );
  const names = (environment: NodeJS.ProcessEnv) =>
    systemVulkan(environment, root).drivers.map((path) => path.slice(root.length + 1));
  const system = ["etc/vulkan/icd.d/nvidia_icd.json", "usr/share/vulkan/icd.d/lvp_icd.x86_64.json"];
  expect(names(bare)).toEqual(system);
  expect(names({ HOME: join(root, "home") })).toEqual([
    system[0],
    "home/.local/share/vulkan/icd.d/own.json",
    system[1],
  ]);
  expect(names({ ...bare, XDG_DATA_DIRS: join(root, "data") })).toEqual([system[0], "data/vulkan/icd.d/data.json"]);
  const extra = join(root, "extra/extra.json");
  expect(names({ ...bare, VK_ADD_DRIVER_FILES: extra })).toEqual([...system, "extra/extra.json"]);
});

test("believes the user's own choice of drivers, existing or not", () => {
  const root = machine("usr/share/vulkan/icd.d/lvp_icd.x86_64.json", "own/a.json", "own/b.json");
  const own = join(root, "own");
  expect(systemVulkan({ ...bare, VK_DRIVER_FILES: own }, root).drivers).toEqual([`${own}/a.json`, `${own}/b.json`]);
  expect(systemVulkan({ ...bare, VK_ICD_FILENAMES: `${own}/b.json` }, root).drivers).toEqual([`${own}/b.json`]);
  expect(systemVulkan({ ...bare, VK_DRIVER_FILES: "/none.json" }, root).drivers).toEqual([]);
});
