import { invalid, MaskwrightError } from "../core/error.ts";
import { readIdList } from "../data/id-list.ts";

export interface SelectionOptions {
  /** A file with one id a line: these, in this order, and no others. */
  readonly ids?: string;
  /** At most this many, the first ones. */
  readonly limit?: number;
}

/**
 * The ids a command works on.
 *
 * @param available  every id the input folder holds, sorted
 * @param where      the folder, for messages
 * @throws MaskwrightError NOT_FOUND when the id list names what the folder lacks, or nothing is left
 */
export async function selectIds(
  available: readonly string[],
  where: string,
  { ids, limit }: SelectionOptions,
): Promise<string[]> {
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 1))
    throw invalid("--limit", "a whole number above 0", limit);
  let chosen = [...available];
  if (ids !== undefined) {
    chosen = await readIdList(ids);
    const held = new Set(available);
    const missing = chosen.filter((id) => !held.has(id));
    if (missing.length > 0) {
      const few = missing.slice(0, 3).join(", ");
      const text = `${where}: expected the ${chosen.length} ids of ${ids}, got none for ${missing.length} of them (${few}${missing.length > 3 ? ", …" : ""})`;
      throw new MaskwrightError("NOT_FOUND", text, { hint: "Check that both belong to the same data set." });
    }
  }
  if (chosen.length === 0)
    throw new MaskwrightError("NOT_FOUND", `${where}: expected at least one image, got none`);
  return limit === undefined ? chosen : chosen.slice(0, limit);
}

/** The pictures that a file of weak labels speaks of. */
export interface LabeledPictures {
  readonly ids: readonly string[];
  /** The file. */
  readonly path: string;
}

/**
 * The chosen photos of a folder that a file of weak labels speaks of, in the order of the folder or of the id list.
 *
 * @param photos  those of the folder `images`
 * @throws MaskwrightError NOT_FOUND when the file names photos that the folder lacks and no id list chooses, or as `selectIds`
 */
export async function selectLabeled(
  photos: ReadonlyMap<string, string>,
  images: string,
  { ids: labeled, path }: LabeledPictures,
  selection: SelectionOptions,
): Promise<string[]> {
  const missing = labeled.filter((id) => !photos.has(id));
  if (missing.length > 0 && selection.ids === undefined) {
    const few = missing.slice(0, 3).join(", ");
    const text = `${images}: expected the ${labeled.length} images of ${path}, got none for ${missing.length} of them (${few}${missing.length > 3 ? ", …" : ""})`;
    throw new MaskwrightError("NOT_FOUND", text, { hint: "--ids FILE chooses the images to work on." });
  }
  const wanted = new Set(labeled);
  const available = [...photos.keys()].filter((id) => wanted.has(id));
  return await selectIds(available, `${images} and ${path}`, selection);
}
