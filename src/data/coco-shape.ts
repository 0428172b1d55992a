import { z } from "zod";

/** A number by which the lists of COCO JSON name one another's entries. */
export const cocoId: z.ZodInt = z.int("a whole number");

/** An entry of `categories`; see `nameCategories`. */
export const cocoCategory: z.ZodObject<{
  id: z.ZodInt;
  name: z.ZodString;
  supercategory: z.ZodOptional<z.ZodUnknown>;
}> = z.object({ id: cocoId, name: z.string("a text"), supercategory: z.unknown().optional() }, "an object");

/** An entry of `images`. */
export interface CocoImageJson {
  readonly id: number;
  readonly file_name: string;
  readonly height: number;
  readonly width: number;
}

const side = z.int("a whole number").min(1, "a number of at least 1");

/** `images`, of instances and of panoptic segments alike. */
export const cocoImages: z.ZodType<readonly CocoImageJson[]> = z.array(
  z.object({ id: cocoId, file_name: z.string("a text"), height: side, width: side }, "an object"),
  "a list",
);
