import { Command } from "commander";
import { addExamples } from "./options.ts";
import { trainPrompterCommand } from "./train-prompter.ts";
import { trainToyClipCommand } from "./train-toy-clip.ts";
import { trainSegmenterCommand } from "./train-segmenter.ts";

/** `maskwright train prompter | segmenter` */
export function trainCommand(): Command {
  const command = new Command("train").description("Train a model on weak labels of your own photos.");
  command.addCommand(trainPrompterCommand());
  command.addCommand(trainToyClipCommand());
  command.addCommand(trainSegmenterCommand());
  return addExamples(command, [
    "maskwright train prompter photos --boxes parts.csv --classes parts.txt --model mobile-sam -o runs/prompter",
    "maskwright train toy-clip -o runs/toy-clip",
    "maskwright train segmenter photos --labels runs/seeds --classes voc --encoder mnv2.tflite -o runs/light",
  ]);
}
