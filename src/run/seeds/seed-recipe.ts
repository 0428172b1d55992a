import { z } from "zod";
import { badFormat } from "../../core/error.ts";
import { readJsonFile } from "../../data/json-file.ts";
import { addIssues, collectProblems } from "../../data/problems.ts";
import {
  cocoRecipe,
  type FmaRecipe,
  type PromptRecipe,
  type SeedRecipe,
  type SeedRound,
  sceneRecipe,
  vocRecipe,
} from "../../methods/fma/recipes.ts";
import type { CamSource } from "../cams/cam-source.ts";

const number = z.number("a number");
const count = number.int("a whole number").min(0, "0 or more");
const affinityShape = z.strictObject(
  {
    at: z.enum(["score", "cam"], "score or cam").optional(),
    boxThreshold: number.min(0, "0 or more").max(1, "at most 1").optional(),
    power: count.max(8, "at most 8").optional(),
    rounds: count.max(100, "at most 100").optional(),
    compat: z.enum(["original", "paper"], "original or paper").optional(),
  },
  "an object with at, boxThreshold, power, rounds and compat, or null",
);
const seedKeys = {
  affinity: affinityShape.nullable().optional(),
  power: number.positive("a number above 0").optional(),
};
const seeds = z.strictObject(seedKeys, "an object with affinity and power");
const training = z.strictObject(
  {
    steps: count.min(1, "1 or more").optional(),
    warmupSteps: count.optional(),
    augmentation: z.null("null, or nothing for that of the recipe").optional(),
  },
  "an object with steps, warmupSteps and augmentation",
);
const shape = z.strictObject(
  {
    from: z.enum(["voc", "coco", "scenes"], "voc, coco or scenes").default("voc"),
    ...seedKeys,
    fine: seeds.optional(),
    classification: training.optional(),
    segmentation: training.optional(),
  },
  "an object with from, affinity, power, fine, classification and segmentation",
);

const recipes = { voc: vocRecipe, coco: cocoRecipe, scenes: sceneRecipe } as const;
type RecipeName = keyof typeof recipes;

/**
 * The recipe "voc", "coco", "scenes", or that of a JSON file, which says what it has in place of one of these:
 * `{ "from": "voc", "affinity": { "at": "score", "boxThreshold": 0.4 }, "power": 2 }`.
 *
 * For learned contexts that is the first round's; `fine` has the same keys for the second, and `classification` and `segmentation` say how
 * long contexts are trained: `{ "steps": 600, "warmupSteps": 100 }`, all of which are used. With `"augmentation": null` they are trained on
 * whole photos, which CLIP then sees once.
 *
 * @throws MaskwrightError BAD_FORMAT with all that is wrong in the file
 */
export async function readFmaRecipe(source: string): Promise<FmaRecipe> {
  if (isName(source)) return recipes[source];
  const { from, fine, classification, segmentation, ...coarse } = await readShape(source);
  const base = recipes[from];
  return {
    ...base,
    name: source,
    coarse: withSaid(`${source}: `, base.coarse, coarse),
    fine: withSaid(`${source}: fine.`, base.fine, fine),
    classification: withTraining(`${source}: classification`, base.classification, classification),
    segmentation: withTraining(`${source}: segmentation`, base.segmentation, segmentation),
  };
}

/** Which seeds of a recipe, for CAMs of which source. */
export interface SeedRecipeChoice {
  /** CAMs of other code count as a classifier's. */
  readonly source: CamSource["kind"];
  /** @default "coarse" */
  readonly round?: SeedRound;
}

/**
 * One round of seeds alone, by the recipe of that name or file. Published recipes are for learned contexts; where nothing else is said, CAMs of
 * texts that nobody trained have the affinity of CLIP-ES, and those of a classifier a background of their own.
 *
 * @throws MaskwrightError as `readFmaRecipe`
 */
export async function readSeedRecipe(
  name: string,
  { source, round = "coarse" }: SeedRecipeChoice,
): Promise<SeedRecipe> {
  const base = (from: RecipeName): SeedRecipe => {
    const { [round]: own, others } = recipes[from];
    return { ...own, ...(source === "contexts" ? {} : others[source]) };
  };
  if (isName(name)) return base(name);
  const { from, fine, ...coarse } = await readShape(name);
  return round === "coarse"
    ? withSaid(`${name}: `, base(from), coarse)
    : withSaid(`${name}: fine.`, base(from), fine);
}

function isName(name: string): name is RecipeName {
  return Object.hasOwn(recipes, name);
}

async function readShape(source: string): Promise<z.infer<typeof shape>> {
  const value = await readJsonFile(source, { maxBytes: 2 ** 20 });
  const problems = collectProblems(source);
  const parsed = shape.safeParse(value);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny();
  return parsed.data as z.infer<typeof shape>;
}

function withSaid(where: string, base: SeedRecipe, said: z.infer<typeof seeds> = {}): SeedRecipe {
  const { affinity, power = base.power } = said;
  if (affinity === undefined) return { ...base, power };
  return { affinity: affinity && withAffinity(`${where}affinity`, base.affinity, affinity), power };
}

function withAffinity(
  where: string,
  base: SeedRecipe["affinity"],
  said: z.infer<typeof affinityShape>,
): SeedRecipe["affinity"] {
  const { at = base?.at, boxThreshold = base?.boxThreshold } = said;
  const { power = base?.power ?? 2, rounds = base?.rounds ?? 1, compat = base?.compat ?? "paper" } = said;
  if (at !== undefined && boxThreshold !== undefined) return { at, boxThreshold, power, rounds, compat };
  throw badFormat(
    where,
    "at and boxThreshold, where its base has no affinity",
    Object.keys(said).join(", ") || "none",
  );
}

/** With other steps, the warm-up has the same share of them where nothing else is said. */
function withTraining(where: string, base: PromptRecipe, said: z.infer<typeof training> = {}): PromptRecipe {
  const { steps = base.steps, augmentation = base.augmentation } = said;
  const { warmupSteps = Math.floor((base.warmupSteps * steps) / base.steps) } = said;
  if (warmupSteps >= steps)
    throw badFormat(`${where}.warmupSteps`, `fewer than ${steps} steps`, String(warmupSteps));
  const usedStep = said.steps ?? base.usedStep;
  return { ...base, steps, usedStep, warmupSteps, augmentation };
}
