import { Command } from "commander";
import { describe, expect, it } from "vitest";

/** The help text of a command, as the terminal has it. */
export function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

/** Tests the help of a command inside another, such as `train prompter`: its examples, and that it explains everything. */
export function testHelp(makeParent: () => Command, name: string): void {
  const childOf = (parent: Command): Command =>
    parent.commands.find((each) => each.name() === name) as Command;
  const path = [makeParent().name(), name];

  describe(`${path.join(" ")} --help`, () => {
    const help = helpOf(childOf(makeParent()));
    const examples = [...help.matchAll(/^ {2}\$ (maskwright (.*))$/gm)];

    it("has examples that can be typed, each on one line of a terminal", () => {
      expect(examples.length).toBeGreaterThanOrEqual(2);
      for (const [, line, words] of examples) {
        expect(line.length).toBeLessThanOrEqual(106);
        let ran = 0;
        const parent = makeParent();
        childOf(parent).action(() => {
          ran++;
        });
        const program = new Command("maskwright").addCommand(parent);
        for (const each of [program, parent, ...parent.commands]) each.exitOverride();
        program.parse(words.split(" "), { from: "user" });
        expect([words.split(" ").slice(0, 2), ran]).toEqual([path, 1]);
      }
    });

    it("explains every option and argument", () => {
      const { options, registeredArguments } = childOf(makeParent());
      const explained = [...options, ...registeredArguments];
      expect(explained.filter(({ description }) => description === "")).toEqual([]);
      expect(help).not.toContain("undefined");
    });
  });
}
