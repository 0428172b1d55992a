import { beforeAll, describe, expect, it } from "vitest";
import { type CommandResult, linesOf, maskwright } from "../testing/command.ts";
import { labelPng, temporaryFolder, writeTree } from "../testing/tree.ts";

describe("what a command says", () => {
  const folder = (): string => {
    const made = temporaryFolder();
    for (const id of ["a", "b"])
      writeTree(made, { [`pred/${id}.png`]: labelPng("01"), [`truth/${id}.png`]: labelPng("01") });
    return made;
  };

  it("is lines of progress and a table when nobody looks at a terminal", async () => {
    const { stdout, stderr } = await maskwright(folder(), "evaluate", "pred", "truth");
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^evaluate 2\/2 · \S+\/s · 0:01$/)]);
    expect(linesOf(stdout)[0]).toBe("2 images");
  });

  it("is one object on standard output, and an event a line beside it, with --json", async () => {
    const { stdout, stderr } = await maskwright(folder(), "evaluate", "pred", "truth", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ images: 2, miou: 100 });
    const events = linesOf(stderr).map((line) => JSON.parse(line));
    expect(events.map(({ event }) => event)).toEqual(["begin", "progress", "progress", "end"]);
    expect(events.every(({ stage }) => stage === "evaluate")).toBe(true);
  });
});

describe("maskwright", () => {
  let help: CommandResult;
  beforeAll(async () => {
    help = await maskwright(".", "--help");
  });

  it("lists its commands", () => {
    const commands = [...help.stdout.matchAll(/^ {2}([\w-]+) /gm)].map(([, name]) => name);
    expect(help.code).toBe(0);
    expect(commands.join(" ")).toBe(
      "demo init run propose segment refine cam affinity seed evaluate evaluate-parts train predict export convert models help",
    );
  });

  it("shows the same help, and exits 2, when it is not told what to do", async () => {
    const { code, stdout, stderr } = await maskwright(".");
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: help.stdout });
  });

  it("says its version", async () => {
    expect(await maskwright(".", "--version")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});
