import { defineConfig } from "vitest/config";

/** Tests that run the built program, which is built for them first. */
const programTests = ["src/**/*.program.test.ts"];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: "unit", include: ["src/**/*.test.ts"], exclude: programTests } },
      {
        extends: true,
        test: { name: "program", include: programTests, globalSetup: "src/testing/build.ts" },
      },
    ],
  },
});
