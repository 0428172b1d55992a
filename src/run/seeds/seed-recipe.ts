import { z } from "zod";
import { readJsonFile } from "../../data/json-file.ts";
import { addIssues, collectProblems } from "../../data/problems.ts";
import {
  clipEsAffinity,
  cocoRecipe,
  type FmaRecipe,
  type SeedRecipe,
  vocRecipe,
} from "../../methods/fma/recipes.ts";

const number = z.number("a number");
const count = number.int("a whole number").min(0, "0 or more");
const affinityShape = z.strictObject(
  {
    at: z.enum(["score", "cam"], "score or cam"),
    boxThreshold: number.min(0, "0 or more").max(1, "at most 1"),
    power: count.max(8, "at most 8").default(2),
    rounds: count.max(100, "at most 100").default(1),
    compat: z.enum(["original", "paper"], "original or paper").default("paper"),
  },
  "an object with at and boxThreshold, or null",
);
const seeds = z.strictObject(
  {
    affinity: affinityShape.nullable().optional(),
    power: number.positive("a number above 0").optional(),
  },
  "an object with affinity and power",
);
const shape = seeds.extend({ from: z.enum(["voc", "coco"], "voc or coco").default("voc") });

const published: Readonly<Record<"voc" | "coco", FmaRecipe>> = { voc: vocRecipe, coco: cocoRecipe };

/**
 * The recipe "voc", "coco", or that of a JSON file, which says what it has in place of a published one's:
 * `{ "from": "voc", "affinity": { "at": "score", "boxThreshold": 0.4 }, "power": 2 }`.
 *
 * @param affinity  whose: "fma" has that of FMA-WSSS's coarse seeds, "clip-es" that of CLIP-ES, for CAMs of texts that nobody trained
 * @throws MaskwrightError BAD_FORMAT with all that is wrong in the file
 */
export async function readSeedRecipe(source: string, affinity: "fma" | "clip-es"): Promise<SeedRecipe> {
  const base = (name: "voc" | "coco"): SeedRecipe => {
    const { coarse } = published[name];
    return affinity === "fma" ? coarse : { ...coarse, affinity: clipEsAffinity[name] };
  };
  if (source === "voc" || source === "coco") return base(source);
  const value = await readJsonFile(source, { maxBytes: 2 ** 20 });
  const problems = collectProblems(source);
  const parsed = shape.safeParse(value);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny();
  const { from, ...said } = parsed.data as z.infer<typeof shape>;
  const { affinity: ownAffinity = base(from).affinity, power = base(from).power } = said;
  return { affinity: ownAffinity, power };
}
