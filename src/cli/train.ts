import { Command } from "commander";
import { addExamples } from "./options.ts";
import { trainPrompterCommand } from "./train-prompter.ts";

/** `maskwright train prompter` */
export function trainCommand(): Command {
  const command = new Command("train").description("Train a model on weak labels of your own photos.");
  command.addCommand(trainPrompterCommand());
  return addExamples(command, [
    "maskwright train prompter photos --boxes parts.csv --classes parts.txt --model mobile-sam -o runs/prompter",
  ]);
}
