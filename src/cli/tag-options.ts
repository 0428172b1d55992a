import { type Command, Option } from "commander";
import type { CamSourceChoice } from "../run/cams/choose-cam-source.ts";
import { classesOption, wholeNumber } from "./options.ts";
import type { CommonOptions } from "./session.ts";

/** What CAMs are made of. */
export interface TagOptions extends CommonOptions {
  readonly tags?: string;
  readonly source: "classifier";
  readonly weights?: string;
  readonly classes: string;
  readonly seed: number;
}

/** How CAMs come out of tags, for commands that begin there. */
export function addTagOptions(command: Command): Command {
  return command
    .option("--tags <file>", "CSV (file,tags with ; between tags) or JSON ({ file: [class, …] })")
    .addOption(classesOption().default("voc"))
    .addOption(
      new Option(
        "--source <name>",
        "what makes CAMs: classifier, a head trained on your tags over a frozen MobileNetV2",
      )
        .choices(["classifier"])
        .default("classifier"),
    )
    .option("--weights <file>", "classifier: MobileNetV2 as .tflite, or .safetensors of transformers")
    .option("--seed <n>", "of the training", wholeNumber, 1);
}

export function camSourceChoice({ weights, seed, workers }: TagOptions): CamSourceChoice {
  return { weights: weights ?? null, seed, threads: workers ?? null };
}
