import { type Command, Option } from "commander";
import type { CamReading } from "../run/label-input.ts";
import { fraction, positiveNumber } from "./options.ts";

export interface CamOptions {
  readonly backgroundPower?: number;
  readonly backgroundThreshold: number;
  readonly camKeysFrom: "0" | "1";
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
    )
    .addOption(
      new Option(
        "--cam-keys-from <n>",
        "CAM files: number of the first class after the background in their keys",
      )
        .choices(["0", "1"])
        .default("0"),
    );
}

export function camReading({ backgroundPower, backgroundThreshold, camKeysFrom }: CamOptions): CamReading {
  const keyBase = camKeysFrom === "0" ? 0 : 1;
  if (backgroundPower !== undefined)
    return { background: { kind: "power", power: backgroundPower }, keyBase };
  return { background: { kind: "threshold", threshold: backgroundThreshold }, keyBase };
}
