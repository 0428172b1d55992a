import { XMLParser } from "fast-xml-parser";
import { z } from "zod";
import { badFormat } from "../core/error.ts";
import { type Box, boxFromVoc, clipBox, formatSize, type Size } from "../core/geometry.ts";
import { checkSize } from "../core/limits.ts";
import type { LabeledBox } from "../core/weak-label.ts";
import { parseDecimal } from "./decimal.ts";
import { decodeText } from "./json-file.ts";
import { addIssues, collectProblems } from "./problems.ts";
import { classFinder } from "./tags.ts";

export interface VocObject {
  readonly name: string;
  /** Inside the picture. */
  readonly box: Box;
  readonly isDifficult: boolean;
}

export interface VocAnnotation extends Size {
  /** As the file says; not checked against any folder. */
  readonly file: string;
  /** In file order. */
  readonly objects: readonly VocObject[];
}

/** The longest of the 17,125 annotations of VOC 2012 has 12 kB. */
const MAX_BYTES = 2 ** 20;

const number = z
  .string("a number")
  .refine((text) => !Number.isNaN(parseDecimal(text)), "a number")
  .transform(parseDecimal);
const flag = z.enum(["0", "1"], "0 or 1").optional();
const schema = z.object(
  {
    annotation: z.object(
      {
        filename: z.string("a text"),
        size: z.object({ width: number, height: number }, "<width> and <height>"),
        object: z
          .array(
            z.object(
              {
                name: z.string("a text").min(1, "a text"),
                difficult: flag,
                bndbox: z.object(
                  { xmin: number, ymin: number, xmax: number, ymax: number },
                  "<xmin>, <ymin>, <xmax> and <ymax>",
                ),
              },
              "<name> and <bndbox>",
            ),
          )
          .default([]),
      },
      "<filename>, <size> and <object>",
    ),
  },
  "<annotation>",
);

/**
 * The boxes of a VOC annotation: 1-based pixels with the last one inside become half-open boxes, which are cut at
 * the picture's edge (some tools write 0 for the first pixel).
 *
 * Entities other than the five of XML itself stand as they are; a document type, which could define more, is refused.
 *
 * @throws MaskwrightError BAD_FORMAT that lists everything wrong by its path in the file
 */
export function decodeVocXml(bytes: Uint8Array, where: string): VocAnnotation {
  const problems = collectProblems(where);
  const document = parseXml(bytes, where);
  const parsed = schema.safeParse(document);
  if (!parsed.success) addIssues(problems, parsed.error.issues, document);
  problems.throwIfAny();
  const { filename, size, object } = (parsed.data as z.infer<typeof schema>).annotation;
  const { height, width } = size;
  checkSize(`${where}: annotation.size`, { height, width });
  const objects: VocObject[] = [];
  for (const [i, { name, difficult, bndbox }] of object.entries()) {
    const box = clipBox(boxFromVoc(bndbox), size);
    if (box === null) {
      const { xmin, ymin, xmax, ymax } = bndbox;
      problems.add(
        `annotation.object[${i}].bndbox`,
        `a box inside ${formatSize(size)}`,
        `${xmin},${ymin},${xmax},${ymax}`,
      );
    } else objects.push({ name: decodeEntities(name), box, isDifficult: difficult === "1" });
  }
  problems.throwIfAny();
  return { file: decodeEntities(filename), height, width, objects };
}

/** The boxes of an annotation as weak labels, difficult ones among them. */
export function vocBoxes(
  { objects }: VocAnnotation,
  where: string,
  classes: readonly string[],
): LabeledBox[] {
  const problems = collectProblems(where);
  const findClass = classFinder(classes);
  const boxes = objects.map(({ name, box }, i) => ({
    ...box,
    classId: findClass(name, `annotation.object[${i}].name`, problems),
  }));
  problems.throwIfAny();
  return boxes;
}

function parseXml(bytes: Uint8Array, where: string): unknown {
  if (bytes.length > MAX_BYTES)
    throw badFormat(where, `XML of at most ${MAX_BYTES} bytes`, `${bytes.length} bytes`);
  const text = decodeText(bytes, where);
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw badFormat(where, "XML without a document type", "one");
  const parser = new XMLParser({
    processEntities: false,
    parseTagValue: false,
    maxNestedTags: 20,
    isArray: (name) => name === "object",
  });
  try {
    return parser.parse(text, true);
  } catch (error) {
    throw badFormat(where, "XML", (error as Error).message);
  }
}

function decodeEntities(text: string): string {
  const characters: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => characters[name]);
}
