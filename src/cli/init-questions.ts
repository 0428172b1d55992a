import { cancel, intro, isCancel, note, outro, select, text } from "@clack/prompts";
import { MaskwrightError } from "../core/error.ts";
import type { Machine, RecipeAnswers } from "../run/recipes/write-recipe.ts";

/** What was said by flags already. */
export interface GivenAnswers {
  readonly recipe?: string;
  readonly images?: string;
  readonly labels?: string;
  readonly classes?: string;
  readonly truth?: string;
  readonly model?: string;
  readonly machine?: Machine;
}

/** Where questions are asked: a terminal. */
export interface Terminal {
  readonly input?: NodeJS.ReadStream;
  readonly output?: NodeJS.WriteStream;
}

const kinds = [
  { value: "tags", label: "tags", hint: "which classes are in each photo" },
  { value: "boxes", label: "boxes", hint: "around the objects" },
  { value: "points", label: "points", hint: "one on each object" },
  { value: "parts", label: "boxes around parts", hint: "wheels, doors, heads" },
  { value: "sepl", label: "label maps or CAMs of another method", hint: "to be refined" },
];

const files: Readonly<Record<string, string>> = {
  tags: "tags.csv",
  boxes: "boxes.csv",
  points: "points.csv",
  parts: "parts.csv",
  sepl: "labels",
};

/**
 * Asks for what was not given.
 *
 * @throws MaskwrightError ABORTED when the questions are left by Ctrl-C or Escape
 */
export async function askAnswers(given: GivenAnswers, terminal: Terminal = {}): Promise<RecipeAnswers> {
  const choose = async <T extends string>(
    message: string,
    options: { value: T; label: string; hint: string }[],
  ): Promise<T> => answer(await select({ ...terminal, message, options: options as never }), terminal) as T;
  const ask = async (message: string, initial: string): Promise<string> =>
    answer(await text({ ...terminal, message, defaultValue: initial, placeholder: initial }), terminal);
  intro("A new recipe", terminal);
  const recipe = given.recipe ?? (await choose("What do you have?", kinds));
  const images = given.images ?? (await ask("In which folder are the photos?", "photos"));
  const labels = given.labels ?? (await ask("Where are the labels?", files[recipe] ?? "labels"));
  const classes =
    given.classes ??
    (await ask(
      "Which classes? voc, coco, a file with one name a line, or names with commas",
      defaultClasses(recipe),
    ));
  const truth =
    given.truth ?? (await ask("Is there a truth to score every stage with? Its place, or nothing", ""));
  const machine =
    given.machine ??
    (await choose<Machine>("What will it run on?", [
      { value: "laptop", label: "a laptop or desktop", hint: "CPU" },
      { value: "gpu", label: "a machine with a CUDA GPU", hint: "larger networks" },
    ]));
  const model = given.model ?? (await choose("Where do masks come from?", modelsFor(recipe, machine)));
  return {
    recipe,
    images,
    labels,
    classes: classNames(classes),
    truth: truth === "" ? null : truth,
    model,
    machine,
  };
}

function answer(value: unknown, { output }: Terminal): string {
  if (!isCancel(value)) return value as string;
  cancel("Nothing was written.", output === undefined ? {} : { output });
  throw new MaskwrightError("ABORTED", "init: stopped");
}

/** "cat, dog" are names, "classes.txt" is a file. */
export function classNames(text: string): string | readonly string[] {
  return text.includes(",")
    ? text
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "")
    : text;
}

function defaultClasses(recipe: string): string {
  return recipe === "sepl" ? "voc" : recipe === "parts" ? "parts.txt" : "classes.txt";
}

function modelsFor(recipe: string, machine: Machine): { value: string; label: string; hint: string }[] {
  const regions = { value: "regions", label: "regions", hint: "color and edges; nothing to download" };
  const mobile = { value: "mobile-sam", label: "MobileSAM", hint: "40 MB; about a second a photo" };
  const huge = { value: "sam-vit-h", label: "SAM ViT-H", hint: "2.5 GB; for a GPU" };
  const base = { value: "sam-vit-b", label: "SAM ViT-B", hint: "375 MB; seconds a photo" };
  const models = machine === "gpu" ? [huge, base, mobile] : [mobile, base];
  return recipe === "parts" ? models : machine === "gpu" ? [...models, regions] : [regions, ...models];
}

/** Says what was written, and what comes next. */
export function closeQuestions(file: string, next: readonly string[], terminal: Terminal = {}): void {
  note(next.join("\n"), "Next", terminal);
  outro(`${file} is written.`, terminal);
}
