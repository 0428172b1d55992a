import type { ClassSource } from "../../data/class-list.ts";
import { namedClasses } from "../../data/named-classes.ts";
import { openBoxes, openPoints, type PromptSource } from "../../data/prompts.ts";
import { openPartBoxes, type Supervision } from "./part-labels.ts";
import type { PrompterRecipeName } from "./prompter-recipe.ts";

/** One of these. */
export interface PartFiles {
  readonly boxes?: string;
  readonly points?: string;
  readonly parts?: string;
}

/** A file of parts, and how it is read. */
export interface PartSourceChoice extends PartFiles {
  /** Teach the centers of the boxes alone. */
  readonly centers?: boolean;
  /** Default: PartImageNet's for its recipe, or else those that the file names. */
  readonly classes?: ClassSource;
  readonly recipe?: PrompterRecipeName;
}

/** What teaches a prompter. @throws MaskwrightError as `openBoxes`, `openPoints`, `openPartBoxes` and `namedClasses` */
export async function openPartSource({
  boxes,
  points,
  parts,
  centers = false,
  recipe,
  classes = recipe === "partimagenet" ? recipe : undefined,
}: PartSourceChoice): Promise<{ readonly source: PromptSource; readonly supervision: Supervision }> {
  if (points !== undefined) {
    const source = await openPoints(points, classes ?? (await namedClasses(points, "points")));
    return { source, supervision: "points" };
  }
  const source =
    boxes === undefined
      ? await openPartBoxes(parts as string, classes)
      : await openBoxes(boxes, classes ?? (await namedClasses(boxes, "boxes")));
  return { source, supervision: centers ? "centers" : "boxes" };
}
