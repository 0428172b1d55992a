import { posix } from "node:path";
import { z } from "zod";
import { badFormat } from "../../core/error.ts";
import { parseJson } from "../json-file.ts";
import { pathFault } from "../picture-id.ts";
import { addIssues, collectProblems, quote } from "../problems.ts";

export const TASKS = "tasks.json";
export const CONFIG = "label-config.xml";

const number = z.number("a number");
const names = z.array(z.string("a text"), "a list of labels").nullish();
const result = z.looseObject(
  {
    type: z.string("a text"),
    original_width: z.int("a whole number").nullish(),
    original_height: z.int("a whole number").nullish(),
    image_rotation: number.nullish(),
    meta: z.unknown().optional(),
    value: z.looseObject(
      {
        x: number.nullish(),
        y: number.nullish(),
        width: number.nullish(),
        height: number.nullish(),
        rotation: number.nullish(),
        points: z.array(z.tuple([number, number], "[x, y]"), "a list of [x, y]").nullish(),
        format: z.string("a text").nullish(),
        // Checked where it is decoded: most numbers of a file are in here.
        rle: z.unknown().optional(),
        brushlabels: names,
        polygonlabels: names,
        rectanglelabels: names,
        labels: names,
      },
      "an object",
    ),
  },
  "an object with type and value",
);
const shape = z.object(
  {
    data: z.record(z.string(), z.unknown(), "an object"),
    annotations: z
      .array(
        z.object(
          { result: z.array(z.unknown(), "a list"), was_cancelled: z.boolean().nullish() },
          "an object with result",
        ),
        "a list",
      )
      .nullish(),
    predictions: z
      .array(z.object({ result: z.array(z.unknown(), "a list") }, "an object with result"), "a list")
      .nullish(),
  },
  "a task with data and annotations",
);

/** A task. Its results are checked when the picture is read. */
export interface Task {
  readonly data: Readonly<Record<string, unknown>>;
  readonly annotations?: readonly Answer[] | null | undefined;
  readonly predictions?: readonly Answer[] | null | undefined;
}

interface Answer {
  readonly result: readonly unknown[];
  readonly was_cancelled?: boolean | null | undefined;
}

/** One region. */
export interface Result {
  readonly type: string;
  readonly original_width?: number | null | undefined;
  readonly original_height?: number | null | undefined;
  readonly image_rotation?: number | null | undefined;
  readonly meta?: unknown;
  readonly value: {
    readonly x?: number | null | undefined;
    readonly y?: number | null | undefined;
    readonly width?: number | null | undefined;
    readonly height?: number | null | undefined;
    readonly rotation?: number | null | undefined;
    readonly points?: readonly (readonly [x: number, y: number])[] | null | undefined;
    readonly rle?: unknown;
  };
}

export function readTask(bytes: Uint8Array, where: string): Task {
  const value = parseJson(bytes, where);
  const parsed = shape.safeParse(value);
  const problems = collectProblems(where);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny("export as JSON, not JSON-MIN");
  return parsed.data as Task;
}

export function resultsOf({ annotations, predictions }: Task): readonly unknown[] {
  const done = (annotations ?? []).filter(({ was_cancelled }) => was_cancelled !== true);
  return done.at(-1)?.result ?? predictions?.[0]?.result ?? [];
}

export function checkResult(value: unknown, where: string): Result {
  const parsed = result.safeParse(value);
  const problems = collectProblems(where);
  if (!parsed.success) addIssues(problems, parsed.error.issues, value);
  problems.throwIfAny();
  return parsed.data as Result;
}

const kinds = ["brushlabels", "polygonlabels", "rectanglelabels", "labels"] as const;

export function labelsOf(one: unknown): string[] {
  const value = (one as { value?: Record<string, unknown> } | null)?.value ?? {};
  return kinds
    .flatMap((kind) => (Array.isArray(value[kind]) ? value[kind] : []))
    .filter((name) => typeof name === "string");
}

/** The name of a task's photo: what is behind `?d=` for local files, otherwise the last name of its path or address. */
export function photoName({ data }: Task, where: string): string {
  const address = [data.image, ...Object.values(data)].find(
    (value) => typeof value === "string" && value !== "",
  ) as string | undefined;
  if (address === undefined) throw badFormat(where, "the path or address of a photo", "none");
  const local = /[?&]d=([^&]+)/.exec(address);
  let name = local === null ? posix.basename(address.replace(/[?#].*$/, "")) : local[1];
  try {
    name = decodeURIComponent(name);
  } catch {
    // A "%" that encodes nothing stands for itself.
  }
  const fault = pathFault(name);
  if (fault !== null) throw badFormat(where, "the path or address of a photo", `${fault}: ${quote(address)}`);
  return name;
}

/** The size that we write beside the photo: a task without regions has no other. */
export function asSize({
  data: { height, width },
}: Task): Pick<Result, "original_height" | "original_width"> {
  const isSize = Number.isInteger(height) && Number.isInteger(width);
  return isSize ? { original_height: height as number, original_width: width as number } : {};
}
