import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { trainCommand } from "./train.ts";

function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

const names = trainCommand().commands.map((command) => command.name());

describe.each(names)("train %s --help", (name) => {
  const command = (parent: Command = trainCommand()): Command =>
    parent.commands.find((each) => each.name() === name) as Command;
  const help = helpOf(command());
  const examples = [...help.matchAll(/^ {2}\$ (maskwright (.*))$/gm)];

  it("has examples that can be typed, each on one line of a terminal", () => {
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const [, line, words] of examples) {
      expect(line.length).toBeLessThanOrEqual(106);
      let ran = 0;
      const parent = trainCommand();
      command(parent).action(() => {
        ran++;
      });
      const program = new Command("maskwright").addCommand(parent);
      for (const each of [program, parent, ...parent.commands]) each.exitOverride();
      program.parse(words.split(" "), { from: "user" });
      expect([words.split(" ")[1], ran]).toEqual([name, 1]);
    }
  });

  it("explains every option and argument", () => {
    const { options, registeredArguments } = command();
    expect([...options, ...registeredArguments].filter(({ description }) => description === "")).toEqual([]);
    expect(help).not.toContain("undefined");
  });
});
