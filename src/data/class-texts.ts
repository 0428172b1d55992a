import { z } from "zod";
import type { ClassTexts } from "../core/class-texts.ts";
import { readJsonFile } from "./json-file.ts";
import { addIssues, collectProblems, quote } from "./problems.ts";

const text = z.string("a text").max(200, "at most 200 characters");
const shape = z.strictObject(
  {
    name: text.optional(),
    classes: z.record(z.string(), text.trim().min(1, "a text"), "an object { class: text }").optional(),
    background: z.array(text.trim(), "a list of texts").max(1000, "at most 1000 texts").optional(),
  },
  {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? "no keys but name, classes and background" : "an object",
  },
);

/** Texts for one's own classes from a JSON file; see `decodeClassTexts`. */
export async function readClassTexts(
  path: string,
  classes: readonly string[],
  base?: ClassTexts,
): Promise<ClassTexts> {
  return decodeClassTexts(await readJsonFile(path, { maxBytes: 2 ** 20 }), path, classes, base);
}

/**
 * What a text encoder is told classes are called, from `{ "classes": { "bird": "bird avian" }, "background": ["ground", "sky"] }`.
 *
 * A class that is not in the file has its text of `base`, and a background that is left out is that of `base`, but for what the classes
 * are called now. An empty list is no background: then nothing competes with the only class of a picture, and its CLIP-ES CAM is zero.
 *
 * @param classes  index = class id, 0 = background
 * @param base     texts of all the classes; by default their own names, and no background
 * @throws MaskwrightError BAD_FORMAT that lists what is wrong: shapes of values, keys that are no class, the same text twice
 */
export function decodeClassTexts(
  value: unknown,
  where: string,
  classes: readonly string[],
  base: Pick<ClassTexts, "classes" | "background"> = { classes: classes.slice(1), background: [] },
): ClassTexts {
  const problems = collectProblems(where);
  const parsed = shape.safeParse(value);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny();
  const { name = where, classes: texts = {}, background: said } = parsed.data as z.infer<typeof shape>;
  const known = classes.slice(1);
  for (const key of Object.keys(texts))
    if (!known.includes(key)) problems.add(`classes.${key}`, "a name of the class list", quote(key));
  const result = known.map((each, k) => (Object.hasOwn(texts, each) ? texts[each] : base.classes[k]));
  const background = said ?? base.background.filter((each) => !result.includes(each));
  for (const [i, each] of result.entries()) {
    const first = result.indexOf(each);
    if (first < i)
      problems.add(`classes.${known[i]}`, `another text than that of ${known[first]}`, quote(each));
  }
  for (const [i, each] of background.entries()) {
    if (each !== "" && background.indexOf(each) < i)
      problems.add(`background[${i}]`, "each text once", quote(each));
    if (result.includes(each)) problems.add(`background[${i}]`, "a text that is no class's", quote(each));
  }
  problems.throwIfAny();
  return { name, classes: result, background };
}
