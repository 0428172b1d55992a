import { z } from "zod";

/** Options of the network that is trained on labels. */
export type SegmenterOptions = Readonly<Record<string, never>>;

export const segmenterShape: z.ZodPrefault<z.ZodType<SegmenterOptions | null>> = z
  .strictObject({}, "an object")
  .nullable()
  .prefault({})
  .describe("The network that is trained on the labels; null: none");
