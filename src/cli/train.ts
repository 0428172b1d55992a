import { Command } from "commander";
import { addExamples } from "./options.ts";
import { trainPrompterCommand } from "./train-prompter.ts";
import { trainPromptsCommand } from "./train-prompts.ts";
import { trainSamTinyCommand } from "./train-sam-tiny.ts";
import { trainSegmenterCommand } from "./train-segmenter.ts";
import { trainToyClipCommand } from "./train-toy-clip.ts";

/** `maskwright train prompter | segmenter | prompts | sam-tiny | toy-clip` */
export function trainCommand(): Command {
  const command = new Command("train").description("Train a model on weak labels of your own photos.");
  command.addCommand(trainPrompterCommand());
  command.addCommand(trainSegmenterCommand());
  command.addCommand(trainPromptsCommand());
  command.addCommand(trainSamTinyCommand());
  command.addCommand(trainToyClipCommand());
  return addExamples(command, [
    "maskwright train prompter photos --boxes parts.csv --classes parts.txt --model mobile-sam -o runs/prompter",
    "maskwright train segmenter photos --labels runs/seeds --classes voc --encoder mnv2.tflite -o runs/light",
    "maskwright train prompts photos --tags tags.csv -o runs/prompts",
    "maskwright train sam-tiny -o runs/sam-tiny",
    "maskwright train toy-clip -o runs/toy-clip",
  ]);
}
