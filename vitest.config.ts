import { defineConfig } from "vitest/config";

/** What measures time or opens many devices has the machine to itself. */
const alone = ["bench", "browser", "gpu", "graph/tune"].map((folder) => `test/${folder}/**/*.test.ts`);

/** Each file owns one device. Two at a time fill two cores: compiling shaders, which most tests do, takes one. */
export default defineConfig({
  test: {
    globalSetup: "test/support/scratch-root.ts",
    // A busy machine takes long; what hangs is still told.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // Modules that Node does not load as they are.
    server: { deps: { inline: [/tfjs-core\/dist\/(?!tf-core)/] } },
    projects: [
      {
        extends: true,
        test: {
          name: "together",
          include: ["test/**/*.test.ts"],
          exclude: alone,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: "alone", include: alone, fileParallelism: false, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
