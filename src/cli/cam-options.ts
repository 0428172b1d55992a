import { type Command, Option } from "commander";
import type { CamBackground } from "../methods/sepl/cam-labels.ts";
import { fraction, positiveNumber } from "./options.ts";

export interface CamOptions {
  readonly backgroundPower?: number;
  readonly backgroundThreshold: number;
}

/** How CAM files become label maps, for commands whose labels may be CAMs. */
export function addCamOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--background-power <p>",
        "CAM files: the background scores (1 - highest score)^p",
      ).argParser(positiveNumber),
    )
    .addOption(
      new Option("--background-threshold <t>", "CAM files: the background scores t")
        .argParser(fraction)
        .default(0.3)
        .conflicts("backgroundPower"),
    );
}

export function camBackground({ backgroundPower, backgroundThreshold }: CamOptions): CamBackground {
  if (backgroundPower !== undefined) return { kind: "power", power: backgroundPower };
  return { kind: "threshold", threshold: backgroundThreshold };
}
