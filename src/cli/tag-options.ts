import { type Command, Option } from "commander";
import type { ClassList } from "../data/class-list.ts";
import type { CamSourceChoice } from "../run/cams/choose-cam-source.ts";
import { computing, type ModelOptions } from "./mask-options.ts";
import { classesOption, wholeNumber } from "./options.ts";
import type { CommonOptions } from "./session.ts";

/** What CAMs are made of. */
export interface TagOptions extends CommonOptions {
  readonly tags?: string;
  /** Only where it was typed; see `sourceName`. */
  readonly source?: CamSourceChoice["source"];
  readonly weights?: string;
  readonly clip?: string;
  readonly texts?: string;
  readonly contexts?: string;
  readonly classes: string;
  /** Only where it was typed; see `seedOf`. */
  readonly seed?: number;
}

/** How CAMs come out of tags, for commands that begin there. @param seedHelp  what chance is for */
export function addTagOptions(command: Command, seedHelp = "classifier: of the training"): Command {
  return command
    .option("--tags <file>", "CSV (file,tags with ; between tags) or JSON ({ file: [class, …] })")
    .addOption(classesOption().default("voc"))
    .addOption(
      new Option(
        "--source <name>",
        "what makes CAMs: clip, CLIP told the classes' names, untrained; or classifier, a head trained on your tags over a frozen MobileNetV2 (default: classifier with --weights, otherwise clip)",
      ).choices(["classifier", "clip"]),
    )
    .option("--weights <file>", "classifier: MobileNetV2 as .tflite, or .safetensors of transformers")
    .option("--clip <name>", "clip: which, as `models list` has it (default: clip-vit-b-16)")
    .option(
      "--texts <file>",
      "clip: JSON with what classes and background are called, { classes, background }",
    )
    .option(
      "--contexts <path>",
      "clip: the contexts of a run of `train prompts`, in place of such texts; or a published checkpoint of them (.pth)",
    )
    .option("--seed <n>", `${seedHelp} (default: 1)`, wholeNumber);
}

/** Where chance begins: as it was typed, or 1. */
export function seedOf({ seed = 1 }: Pick<TagOptions, "seed">): number {
  return seed;
}

/** What makes the CAMs: as it was typed, or what the weights are for. */
export function sourceName({
  source,
  weights,
}: Pick<TagOptions, "source" | "weights">): CamSourceChoice["source"] {
  return source ?? (weights === undefined ? "clip" : "classifier");
}

export function camSourceChoice(
  options: TagOptions & Pick<ModelOptions, "precision" | "device">,
  classes: ClassList,
): CamSourceChoice {
  const { weights = null, clip, texts = null, contexts = null, workers: threads = null } = options;
  return {
    ...{ source: sourceName(options), classes, weights, texts, contexts, seed: seedOf(options), threads },
    ...(clip !== undefined && { clip }),
    ...computing(options),
  };
}
