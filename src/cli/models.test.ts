import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { modelsCommand } from "./models.ts";

function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

const names = modelsCommand().commands.map((command) => command.name());

describe("models --help", () => {
  it("lists its commands", () => {
    expect(names).toEqual(["list", "pull", "import", "verify", "where", "remove"]);
  });
});

describe.each(names)("models %s --help", (name) => {
  const command = (parent: Command = modelsCommand()): Command =>
    parent.commands.find((each) => each.name() === name) as Command;
  const help = helpOf(command());
  const examples = [...help.matchAll(/^ {2}\$ maskwright (.*)$/gm)].map(([, line]) => line.split(" "));

  it("has examples that can be typed", () => {
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const words of examples) {
      let ran = 0;
      const parent = modelsCommand();
      command(parent).action(() => {
        ran++;
      });
      const program = new Command("maskwright").addCommand(parent);
      for (const each of [program, parent, ...parent.commands]) each.exitOverride();
      program.parse(words, { from: "user" });
      expect([words[1], ran]).toEqual([name, 1]);
    }
  });

  it("explains every option and argument", () => {
    const { options, registeredArguments } = command();
    expect([...options, ...registeredArguments].filter(({ description }) => description === "")).toEqual([]);
    expect(help).not.toContain("undefined");
  });
});
