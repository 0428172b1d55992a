import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/tree.ts";
import { openJournal } from "./journal.ts";

function journalOf(text: string): string {
  const path = join(temporaryFolder(), "log.ndjson");
  writeFileSync(path, text);
  return path;
}

const line = (id: string, key: string): string =>
  `${JSON.stringify({ event: "finished", stage: "pseudo", id, key, result: { pixels: 6 } })}\n`;

describe("openJournal", () => {
  it("remembers what was finished, the last time it was", () => {
    const path = journalOf("");
    const first = openJournal(path);
    expect(first.find("pseudo", "a")).toBeUndefined();
    first.finish("pseudo", "a", { key: "1", result: { pixels: 6 } });
    first.finish("pseudo", "a", { key: "2", result: null });
    first.note("failed", { id: "b" });
    first.close();
    const again = openJournal(path);
    expect(again.find("pseudo", "a")).toEqual({ key: "2", result: null });
    expect(again.find("proposals", "a")).toBeUndefined();
    expect(again.find("pseudo", "b")).toBeUndefined();
    again.close();
  });

  it("drops a line that was cut off, so that the next one starts on its own", () => {
    const path = journalOf(line("a", "1") + line("b", "1").slice(0, -9));
    const journal = openJournal(path);
    expect(journal.find("pseudo", "a")?.key).toBe("1");
    expect(journal.find("pseudo", "b")).toBeUndefined();
    journal.finish("pseudo", "b", { key: "1", result: { pixels: 6 } });
    journal.close();
    expect(readFileSync(path, "utf8")).toBe(line("a", "1") + line("b", "1"));
  });

  it("drops a cut that goes through a character of several bytes", () => {
    const whole = Buffer.from(line("a", "1") + line("ü", "1"));
    const path = journalOf("");
    appendFileSync(path, whole.subarray(0, whole.indexOf("ü") + 1));
    openJournal(path).close();
    expect(readFileSync(path, "utf8")).toBe(line("a", "1"));
  });

  it("passes over lines that are damaged or of other events", () => {
    const damaged = '{"event":"finished","stage":\n';
    const journal = openJournal(journalOf(`${damaged}{"event":"failed","id":"a"}\n\0\0\n${line("a", "1")}`));
    expect(journal.find("pseudo", "a")?.key).toBe("1");
    journal.close();
  });

  it("reads lines of any length, in any order, while it grows", () => {
    const path = journalOf("");
    const texts = Array.from({ length: 40 }, (_, k) => "ü€x".repeat((k * 7919) % 30_000));
    const first = openJournal(path);
    for (const [k, text] of texts.entries()) {
      first.finish("pseudo", `${k}`, { key: `${k}`, result: text });
      first.note("other", { k });
      expect(first.find("pseudo", `${k >> 1}`)).toEqual({ key: `${k >> 1}`, result: texts[k >> 1] });
    }
    first.close();
    const again = openJournal(path);
    for (const [k, text] of [...texts.entries()].reverse())
      expect(again.find("pseudo", `${k}`)).toEqual({ key: `${k}`, result: text });
    again.finish("pseudo", "0", { key: "new", result: 1 });
    expect(again.find("pseudo", "0")).toEqual({ key: "new", result: 1 });
    again.close();
  });
});
