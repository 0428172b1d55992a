import { setImmediate } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { progressKind, untilInterrupted } from "./session.ts";

it("hears the first Ctrl-C beside others, which end the process if they are alone, and no second", async () => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const counts: number[] = [];
  const other = (): void => void counts.push(process.listenerCount("SIGINT"));
  const before = process.listenerCount("SIGINT");
  try {
    const aborted = await untilInterrupted({ json: true }, "stopping", async (signal) => {
      process.on("SIGINT", other);
      process.emit("SIGINT");
      await setImmediate();
      process.emit("SIGINT");
      return signal.aborted;
    });
    expect({ aborted, counts }).toEqual({ aborted: true, counts: [before + 2, before + 1] });
    expect(write.mock.calls).toEqual([['{"event":"stopping","message":"stopping"}\n']]);
  } finally {
    process.off("SIGINT", other);
    write.mockRestore();
  }
});

it("draws a bar only where there is room for one", () => {
  expect(progressKind({}, { isTTY: true, columns: 80 })).toBe("bar");
  expect(progressKind({}, { isTTY: true, columns: 0 })).toBe("lines");
  expect(progressKind({}, { isTTY: false, columns: 80 })).toBe("lines");
  expect(progressKind({ json: true }, { isTTY: true, columns: 80 })).toBe("json");
});
