import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { helpOf } from "../testing/command-help.ts";
import { affinityCommand } from "./affinity.ts";
import { camCommand } from "./cam.ts";
import { convertCommand } from "./convert.ts";
import { demoCommand } from "./demo.ts";
import { evaluateCommand } from "./evaluate.ts";
import { evaluatePartsCommand } from "./evaluate-parts.ts";
import { initCommand } from "./init.ts";
import { predictCommand } from "./predict.ts";
import { proposeCommand } from "./propose.ts";
import { refineCommand } from "./refine.ts";
import { runCommand } from "./run.ts";
import { seedCommand } from "./seed.ts";
import { segmentCommand } from "./segment.ts";

const commands = [
  demoCommand,
  initCommand,
  runCommand,
  proposeCommand,
  segmentCommand,
  refineCommand,
  camCommand,
  affinityCommand,
  seedCommand,
  evaluateCommand,
  evaluatePartsCommand,
  predictCommand,
  convertCommand,
];

/** The words of every example in a help text, as a shell would split them. */
function examplesIn(help: string): string[][] {
  return [...help.matchAll(/^ {2}\$ maskwright (.*)$/gm)].map(([, line]) =>
    line.replace(/\s+#.*$/, "").split(/\s+/),
  );
}

describe.each(commands.map((make) => [make().name(), make] as const))("%s --help", (name, make) => {
  const help = helpOf(make());

  it("has examples of the command, each on one line of a terminal", () => {
    const examples = examplesIn(help);
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const [command] of examples) expect(command).toBe(name);
    const lines = help.split("\n").filter((line) => line.startsWith("  $ "));
    expect(lines.filter((line) => line.length > 110)).toEqual([]);
  });

  it.each(examplesIn(help).map((words) => [words.join(" "), words]))(
    "shows what can be typed: %s",
    (_, words) => {
      let ran = 0;
      const command = make().action(() => {
        ran++;
      });
      const program = new Command("maskwright").exitOverride().configureOutput({ writeErr: () => {} });
      program.addCommand(command.copyInheritedSettings(program));
      program.parse(words, { from: "user" });
      expect(ran).toBe(1);
    },
  );

  it("explains every option and argument", () => {
    const command = make();
    const explained = [...command.options, ...command.registeredArguments];
    expect(explained.filter(({ description }) => description === "")).toEqual([]);
    expect(help).not.toContain("undefined");
  });
});
