import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { program } from "../testing/command.ts";
import { labelPng, temporaryFolder, writeTree } from "../testing/tree.ts";

/** Gives a program a terminal, and what is written to it as keys. */
const script = "/usr/bin/script";
const isThere = process.platform === "linux" && existsSync(script);
if (!isThere) console.warn(`SKIPPED: a terminal: expected ${script} of util-linux`);

it.skipIf(!isThere)("finishes what is in hand at Ctrl-C on a terminal, where a bar is drawn", async () => {
  const folder = temporaryFolder();
  const photo = labelPng("0011 0021 1111");
  writeTree(folder, Object.fromEntries(Array.from({ length: 2000 }, (_, k) => [`photos/${k}.png`, photo])));
  const propose = `${process.execPath} ${program} propose photos --model regions --workers 1 -o out`;
  const terminal = spawn(script, ["-qec", `stty cols 80; ${propose}`, "/dev/null"], { cwd: folder });
  let shown = "";
  terminal.stdout.setEncoding("utf8").on("data", (text) => {
    const hadBegun = shown.includes("proposals ");
    shown += text;
    if (!hadBegun && shown.includes("proposals ")) terminal.stdin.write("\x03");
  });
  const [code] = await once(terminal, "close");
  expect(shown).toContain("░");
  expect(shown).toMatch(/proposals: stopped after \d+ of 2000 images/);
  expect(code).toBe(130);
});
