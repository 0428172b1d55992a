import { type Command, Option } from "commander";
import type { SeedRound } from "../methods/fma/recipes.ts";

export interface RecipeOptions {
  readonly recipe: string;
  /** Only where it was typed. */
  readonly round?: SeedRound;
}

/** Which recipe: for commands that do one round of seeds, or a stage of it. @param what  is read of it */
export function addRecipeOptions(command: Command, what: string): Command {
  return command
    .option("--recipe <name>", `${what}: voc, coco, scenes (for toy-clip), or a JSON file`, "voc")
    .addOption(
      new Option(
        "--round <name>",
        "which of the recipe's: coarse, after classification contexts, or fine, after segmentation contexts (default: that of the CAMs' run, else coarse)",
      ).choices(["coarse", "fine"]),
    );
}
