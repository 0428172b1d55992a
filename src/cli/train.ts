import { Command } from "commander";
import { addExamples } from "./options.ts";
import { trainPrompterCommand } from "./train-prompter.ts";
import { trainPromptsCommand } from "./train-prompts.ts";

/** `maskwright train prompter | prompts` */
export function trainCommand(): Command {
  const command = new Command("train").description("Train a model on weak labels of your own photos.");
  command.addCommand(trainPrompterCommand());
  command.addCommand(trainPromptsCommand());
  return addExamples(command, [
    "maskwright train prompter photos --boxes parts.csv --classes parts.txt --model mobile-sam -o runs/prompter",
    "maskwright train prompts photos --tags tags.csv -o runs/prompts",
  ]);
}
