import { type Command, InvalidArgumentError, Option } from "commander";
import type { SelectionOptions } from "../run/selection.ts";

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError("Expected a whole number above 0.");
  return value;
}

export function count(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError("Expected a whole number from 0.");
  return value;
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError("Expected a number above 0.");
  return value;
}

export function fraction(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError("Expected a number from 0 to 1.");
  return value;
}

/** Which of the images, and how to work: shared by every command that goes through a folder. */
export function addWorkOptions(command: Command): Command {
  return command
    .option("--ids <file>", "work on these ids only, one a line")
    .option("--limit <n>", "work on the first n images only", wholeNumber)
    .option("--keep-going", "record a bad image, skip it, and exit 1 at the end")
    .option("--workers <n>", "threads (default: one for each core)", wholeNumber)
    .option("--json", "print one JSON object on standard output, events on standard error");
}

/** The part of the options that says which of the images. */
export function selectionOf({ ids, limit }: SelectionOptions): SelectionOptions {
  return { ...(ids !== undefined && { ids }), ...(limit !== undefined && { limit }) };
}

export function classesOption(): Option {
  return new Option("--classes <list>", "voc, coco, partimagenet, or a file with one class name a line");
}

/** Examples at the end of a command's help. */
export function addExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText("after", `\nExamples:\n${examples.map((line) => `  $ ${line}`).join("\n")}\n`);
}
