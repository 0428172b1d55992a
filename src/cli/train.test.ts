import { testHelp } from "../testing/command-help.ts";
import { trainCommand } from "./train.ts";

for (const command of trainCommand().commands) testHelp(trainCommand, command.name());
