import { type Command, Option } from "commander";
import type { Device, Precision } from "../engine/index.ts";
import type { SourceChoice } from "../run/masks/choose-source.ts";
import { positiveNumber } from "./options.ts";
import type { CommonOptions } from "./session.ts";

/** What --model and the options beside it say: only what was typed, so that nothing typed is passed over. */
export interface ModelOptions extends CommonOptions {
  readonly model?: string;
  readonly precision?: "fp32" | "fp16" | "int8";
  readonly device?: Device;
  /** A folder, or false for none. */
  readonly cache?: string | false;
  readonly cacheLimit?: number;
}

/** Which model makes masks, and how it computes. */
export function addModelOptions(command: Command): Command {
  command.option(
    "--model <name>",
    "where masks come from: regions (no weights, no network; default), sam-vit-b, sam-vit-l, sam-vit-h, mobile-sam, sam-tiny, efficient-sam-ti, efficient-sam-s, or onnx:DIR",
  );
  return addComputeOptions(command).option("--no-cache", "keep no embeddings");
}

/** How a model computes, and where what it makes of photos is kept. */
export function addComputeOptions(command: Command): Command {
  return addDeviceOption(addPrecisionOption(command))
    .option(
      "--cache <dir>",
      "where a model's embeddings of photos are kept (default: $MASKWRIGHT_HOME/embeddings, or with the caches)",
    )
    .option("--cache-limit <gb>", "keep at most so many GB of them (default: 4)", positiveNumber);
}

export function addPrecisionOption(command: Command): Command {
  return command.addOption(
    new Option(
      "--precision <name>",
      "what a model computes with; int8 is for reading photos on a CPU, fp16 for a GPU (default: fp32)",
    ).choices(["fp32", "fp16", "int8"]),
  );
}

export function addDeviceOption(command: Command): Command {
  return command.addOption(
    new Option("--device <name>", "where a model computes (default: cpu)").choices([
      "cpu",
      "cuda",
      "webgpu",
      "coreml",
      "directml",
    ]),
  );
}

const precisions: Readonly<Record<NonNullable<ModelOptions["precision"]>, Precision>> = {
  fp32: "float32",
  fp16: "float16",
  int8: "int8",
};

/** What the options that were typed mean to a network. */
export function computing({
  precision = "fp32",
  device = "cpu",
}: Pick<ModelOptions, "precision" | "device">): Pick<SourceChoice, "precision" | "device"> {
  return { precision: precisions[precision], device };
}

export async function sourceChoice(options: ModelOptions): Promise<SourceChoice> {
  const { model = "regions", cache, cacheLimit = 4, workers } = options;
  const { embeddingsFolder } = await import("../run/store/location.ts");
  return {
    model,
    ...computing(options),
    threads: workers ?? null,
    cache: cache === false ? null : { folder: cache ?? embeddingsFolder(), maxBytes: cacheLimit * 1e9 },
  };
}
