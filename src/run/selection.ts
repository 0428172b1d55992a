import { invalid, MaskwrightError } from "../core/error.ts";
import { readIdList } from "../data/id-list.ts";
import type { Failure, WorkContext } from "./stage.ts";

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

export interface LabeledSelection extends SelectionOptions {
  /** Whether to work on those that are here, where others are missing; without it nothing says so. */
  readonly keepGoing?: boolean;
}

/**
 * The chosen photos of a folder that a file of weak labels speaks of, in the order of the folder or of the id list.
 *
 * @param photos  those of the folder `images`
 * @throws MaskwrightError NOT_FOUND when the file names photos that the folder lacks, and neither an id list chooses nor
 *         `keepGoing` is set; or as `selectIds`
 */
export async function selectLabeled(
  photos: ReadonlyMap<string, string>,
  images: string,
  { ids: labeled, path }: LabeledPictures,
  { keepGoing, ...selection }: LabeledSelection,
): Promise<string[]> {
  const missing = labeled.filter((id) => !photos.has(id));
  if (missing.length > 0 && selection.ids === undefined && keepGoing !== true) {
    const hint =
      keepGoing === undefined
        ? "--ids FILE chooses the images to work on."
        : "--keep-going works on those that are here, --ids FILE on those that it lists.";
    throw new MaskwrightError("NOT_FOUND", describeMissing(missing, images, { ids: labeled, path }), {
      hint,
    });
  }
  const wanted = new Set(labeled);
  const available = [...photos.keys()].filter((id) => wanted.has(id));
  return await selectIds(available, `${images} and ${path}`, selection);
}

/** Photos to work on, and the failures of those that are missing. */
export interface PresentSelection {
  readonly ids: readonly string[];
  readonly absent: readonly Failure[];
}

/**
 * As `selectLabeled` for a command that takes `keepGoing`: photos that are missing then are failures, and a warning tells of them. Those that
 * an id list leaves out are none: nobody asked for them.
 */
export async function selectPresent(
  photos: ReadonlyMap<string, string>,
  images: string,
  labeled: LabeledPictures,
  { ids, limit }: SelectionOptions,
  { keepGoing, progress }: Pick<WorkContext, "keepGoing" | "progress">,
): Promise<PresentSelection> {
  const selection = { ...(ids !== undefined && { ids }), ...(limit !== undefined && { limit }) };
  const chosen = await selectLabeled(photos, images, labeled, { ...selection, keepGoing });
  const { failures, message } = missingPictures(photos, images, labeled);
  if (ids !== undefined || failures.length === 0) return { ids: chosen, absent: [] };
  progress.warn(message);
  return { ids: chosen, absent: failures };
}

/** The pictures that a file of weak labels speaks of and the folder lacks, one failure each, and one line that says so. */
function missingPictures(
  photos: ReadonlyMap<string, string>,
  images: string,
  labeled: LabeledPictures,
): { readonly failures: readonly Failure[]; readonly message: string } {
  const missing = labeled.ids.filter((id) => !photos.has(id));
  const failures = missing.map((id) => ({
    id,
    message: `${images}: expected ${id}, which is in ${labeled.path}, got no such photo`,
  }));
  return { failures, message: describeMissing(missing, images, labeled) };
}

function describeMissing(missing: readonly string[], images: string, { ids, path }: LabeledPictures): string {
  const few = missing.slice(0, 3).join(", ");
  return `${images}: expected the ${ids.length} images of ${path}, got none for ${missing.length} of them (${few}${missing.length > 3 ? ", …" : ""})`;
}
