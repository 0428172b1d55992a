import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { exportCommand } from "./export.ts";

function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

const onnxOf = (parent: Command): Command => parent.commands[0];

describe("export onnx --help", () => {
  const help = helpOf(onnxOf(exportCommand()));
  const examples = [...help.matchAll(/^ {2}\$ (maskwright (.*))$/gm)];

  it("has examples that can be typed, each on one line of a terminal", () => {
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const [, line, words] of examples) {
      expect(line.length).toBeLessThanOrEqual(106);
      let ran = 0;
      const parent = exportCommand();
      onnxOf(parent).action(() => {
        ran++;
      });
      const program = new Command("maskwright").addCommand(parent);
      for (const each of [program, parent, onnxOf(parent)]) each.exitOverride();
      program.parse(words.split(" "), { from: "user" });
      expect([words.split(" ").slice(0, 2), ran]).toEqual([["export", "onnx"], 1]);
    }
  });

  it("explains every option and argument", () => {
    const { options, registeredArguments } = onnxOf(exportCommand());
    expect([...options, ...registeredArguments].filter(({ description }) => description === "")).toEqual([]);
    expect(help).not.toContain("undefined");
  });
});
