import { z } from "zod";
import { readJsonFile } from "../json-file.ts";
import { addIssues, collectProblems } from "../problems.ts";

/** The list that LabelMe's own converters take: ignore first, then the background, then the classes. */
export const LABELS = "labels.txt";
export const IGNORED = "__ignore__";
export const BACKGROUND = "_background_";
/** A JSON file may hold its photo. */
const MAX_BYTES = 2 ** 28;

const number = z.number("a number");
const shape = z.object(
  {
    imagePath: z.string("a text").nullish(),
    imageHeight: z.int("a whole number"),
    imageWidth: z.int("a whole number"),
    flags: z.record(z.string(), z.boolean()).nullish(),
    shapes: z.array(
      z.object(
        {
          label: z.string("a text"),
          points: z.array(z.tuple([number, number], "[x, y]"), "a list of [x, y]"),
          shape_type: z.string("a text").nullish(),
          group_id: z.int("a whole number").nullish(),
          flags: z.record(z.string(), z.boolean()).nullish(),
          description: z.string("a text").nullish(),
          mask: z.string("a PNG in base64").nullish(),
        },
        "an object",
      ),
      "a list",
    ),
  },
  "an object with shapes, imageHeight and imageWidth",
);

export interface Picture {
  readonly imagePath?: string | null | undefined;
  readonly imageHeight: number;
  readonly imageWidth: number;
  readonly shapes: readonly Shape[];
}

export interface Shape {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly shape_type?: string | null | undefined;
  readonly group_id?: number | null | undefined;
  readonly flags?: Readonly<Record<string, boolean>> | null | undefined;
  readonly description?: string | null | undefined;
  /** A PNG in base64. */
  readonly mask?: string | null | undefined;
}

export async function readFile(path: string): Promise<Picture> {
  const value = await readJsonFile(path, { maxBytes: MAX_BYTES });
  const parsed = shape.safeParse(value);
  const problems = collectProblems(path);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny();
  return parsed.data as Picture;
}
