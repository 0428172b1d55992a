import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { askAnswers, classNames, type GivenAnswers } from "./init-questions.ts";

const DOWN = "\u001b[B";
const ENTER = "\r";

/** A terminal on which keys are typed when a question appears. */
function typist(keys: Readonly<Record<string, readonly string[]>>): { terminal: object; shown(): string } {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 40 });
  const left = new Map(Object.entries(keys));
  let shown = "";
  output.on("data", (bytes) => {
    shown += stripVTControlCharacters(String(bytes));
    for (const [question, typed] of left)
      if (shown.includes(question)) {
        left.delete(question);
        for (const key of typed) setImmediate(() => input.write(key));
      }
  });
  return { terminal: { input, output }, shown: () => shown };
}

const ask = (keys: Readonly<Record<string, readonly string[]>>, given: GivenAnswers = {}) =>
  askAnswers(given, typist(keys).terminal);

it("asks what there is, with defaults for who only presses Enter", async () => {
  const keys = {
    "What do you have?": [DOWN, ENTER],
    "In which folder": ["cats", ENTER],
    "Where are the labels?": [ENTER],
    "Which classes?": ["cat, dog", ENTER],
    "Is there a truth": [ENTER],
    "What will it run on?": [ENTER],
    "Where do masks come from?": [DOWN, ENTER],
  };
  expect(await ask(keys)).toEqual({
    recipe: "boxes",
    images: "cats",
    labels: "boxes.csv",
    classes: ["cat", "dog"],
    truth: null,
    machine: "laptop",
    model: "mobile-sam",
  });
});

it("asks only what was not given", async () => {
  const given = {
    recipe: "parts",
    images: "cars",
    labels: "parts.csv",
    classes: "parts.txt",
    truth: "",
    model: "sam-vit-b",
  };
  expect(await ask({ "What will it run on?": [DOWN, ENTER] }, given)).toMatchObject({
    machine: "gpu",
    truth: null,
  });
});

it("is left by Ctrl-C", async () => {
  await expect(ask({ "What do you have?": ["\u0003"] })).rejects.toMatchObject({ code: "ABORTED" });
});

it("takes names with commas for names", () => {
  expect([classNames("classes.txt"), classNames("cat,dog"), classNames("cat,")]).toEqual([
    "classes.txt",
    ["cat", "dog"],
    ["cat"],
  ]);
});
