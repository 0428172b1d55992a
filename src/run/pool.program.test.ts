import type { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { createPool } from "./pool.ts";

it("closing ends no thread that is still loading, which would abort the process", async () => {
  const seen: string[] = [];
  const watch = (thread: Worker): void => {
    thread.once("message", () => seen.push("loaded"));
    thread.once("exit", () => seen.push("ended"));
  };
  process.on("worker", watch);
  try {
    await createPool(2).close();
  } finally {
    process.off("worker", watch);
  }
  expect(seen).toEqual(["loaded", "loaded", "ended", "ended"]);
});
