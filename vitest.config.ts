import { defineConfig } from "vitest/config";

/** Tests that run the built program, which is built for them first. */
const programTests = ["src/**/*.program.test.ts"];
/** Tests that run whole recipes: `npm run test:full`. */
const fullTests = ["src/**/*.full.test.ts"];

export default defineConfig({
  test: {
    // Long for machines that are busy: nothing here is judged by its time.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{src,bench}/**/*.test.ts"],
          exclude: [...programTests, ...fullTests],
        },
      },
      {
        extends: true,
        test: {
          name: "program",
          include: programTests,
          globalSetup: "src/testing/build.ts",
        },
      },
      {
        extends: true,
        test: { name: "full", include: fullTests, globalSetup: "src/testing/build.ts" },
      },
    ],
  },
});
