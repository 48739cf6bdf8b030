import { defineConfig } from "vitest/config";

// Each file owns one device; on few cores two devices at once only slow each other down.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/scratch-root.ts",
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Modules that Node does not load as they are.
    server: { deps: { inline: [/tfjs-core\/dist\/(?!tf-core)/] } },
  },
});
