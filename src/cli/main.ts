#!/usr/bin/env node
import { Command } from "commander";
import { version } from "../run/version.ts";
import { affinityCommand } from "./affinity.ts";
import { camCommand } from "./cam.ts";
import { convertCommand } from "./convert.ts";
import { demoCommand } from "./demo.ts";
import { evaluateCommand } from "./evaluate.ts";
import { evaluatePartsCommand } from "./evaluate-parts.ts";
import { exportCommand } from "./export.ts";
import { initCommand } from "./init.ts";
import { modelsCommand } from "./models.ts";
import { predictCommand } from "./predict.ts";
import { proposeCommand } from "./propose.ts";
import { refineCommand } from "./refine.ts";
import { runCommand } from "./run.ts";
import { seedCommand } from "./seed.ts";
import { segmentCommand } from "./segment.ts";
import { exitCodes, reportError } from "./session.ts";
import { trainCommand } from "./train.ts";

const program = new Command("maskwright")
  .description("Weak labels in, pixel-accurate masks out.")
  .version(version, "-v, --version")
  .showHelpAfterError("(add --help for the options and examples)")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.done : exitCodes.usage));

for (const command of [
  demoCommand(),
  initCommand(),
  runCommand(),
  proposeCommand(),
  segmentCommand(),
  refineCommand(),
  camCommand(),
  affinityCommand(),
  seedCommand(),
  evaluateCommand(),
  evaluatePartsCommand(),
  trainCommand(),
  predictCommand(),
  exportCommand(),
  convertCommand(),
  modelsCommand(),
]) {
  for (const each of [command, ...command.commands]) each.copyInheritedSettings(program);
  program.addCommand(command);
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error, process.argv.includes("--json"));
}
