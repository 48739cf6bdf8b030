// Scripts as a page takes them.
import { build } from "esbuild";

/** A module and all that it imports, as one module. */
export async function bundleForBrowser(entryPoint: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "error",
  });
  return outputFiles[0]!.text;
}
