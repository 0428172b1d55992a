import { existsSync } from "node:fs";
import type { Cam } from "../../core/class-maps.ts";
import { refineByCrf } from "../../core/crf.ts";
import { badFormat, shapeMismatch } from "../../core/error.ts";
import { formatSize, isSameSize } from "../../core/geometry.ts";
import { BACKGROUND, type ClassId, countLabels, type LabelMap } from "../../core/label-map.ts";
import type { Proposal } from "../../core/proposal.ts";
import { checkSameSize } from "../../core/rle.ts";
import { decodeCam, type StoredCam } from "../../data/cam-file.ts";
import { encodeLabelMap } from "../../data/label-file.ts";
import { readFileBytes } from "../../data/paths.ts";
import { photoSize, readPhoto } from "../../data/photo.ts";
import { loadProposals } from "../../data/stored-proposals.ts";
import { scoreCam } from "../../methods/fma/cam-seed.ts";
import { seedFromMasks } from "../../methods/fma/seeding.ts";
import { artifactKey } from "../artifact-key.ts";
import { writeAtomically } from "../files.ts";
import type { ItemResult } from "../stage.ts";

/** How a photo's CAM file is read. */
export interface CamFile {
  readonly path: string;
  /** What the file's `keys` call the first class after the background. */
  readonly keyBase: 0 | 1;
  /** Maps of other classes are left out; null keeps all. */
  readonly classes: readonly ClassId[] | null;
  /** Length of the class list, the background in it; null without a list. */
  readonly classCount: number | null;
}

export interface SeedTask {
  readonly id: string;
  readonly photo: string;
  readonly cam: CamFile;
  /** Folder of proposals, as `openProposals` found it. */
  readonly proposals: string;
  /** Of the background's score. */
  readonly power: number;
  /** Refine the scores by a dense CRF before the masks vote. */
  readonly crf: boolean;
  readonly palette: Uint8Array | null;
  /** The label PNG to write. */
  readonly out: string;
  readonly stage: string;
  readonly knownKey: string | null;
}

export interface SeedResult {
  readonly pixels: number;
  /** Pixels of some class. */
  readonly labeled: number;
  readonly masks: number;
  /** Of the CAM, and how many pixels the seed gives each. */
  readonly classes: readonly (readonly [id: ClassId, pixels: number])[];
}

/** Labels a photo by letting its CAM vote in masks. */
export async function seedItem(task: SeedTask): Promise<ItemResult<SeedResult>> {
  const { id, photo, cam: file, crf, power, palette, out, stage, knownKey } = task;
  const bytes = readFileBytes(file.path);
  const proposals = await loadProposals(task.proposals, id);
  // Of a photo only the size matters, unless the CRF looks at its colors.
  const look = crf ? readFileBytes(photo) : Buffer.from(formatSize(await photoSize(photo)));
  const wanted = Buffer.from(JSON.stringify(file.classes));
  const key = artifactKey(stage, [bytes, wanted, look, ...proposals.files.map((each) => each.bytes)]);
  if (key === knownKey && existsSync(out)) return { key, result: null };
  const cam = readCamFile(bytes, file);
  const size = await photoSize(photo);
  const { set } = proposals.decode();
  // An empty folder of masks is a set of no known size.
  if (set.height > 0) checkSameSize(`proposals of ${id}`, size, set);
  if (cam.picture !== undefined && !isSameSize(cam.picture, size))
    throw shapeMismatch(file.path, `the CAM of a picture of ${formatSize(size)}`, formatSize(cam.picture));
  const seed =
    crf && cam.classes.length > 0
      ? await seedByCrf(cam, set.proposals, photo, power)
      : seedFromMasks(cam, set.proposals, size, { background: { kind: "power", power } }).seed;
  writeAtomically(out, encodeLabelMap(seed, palette ?? undefined));
  return { key, result: { ...describe(seed, cam), masks: set.proposals.length } };
}

/**
 * The CAM in a file's bytes, with the maps that are wanted. A file without any is that of a photo without tags.
 *
 * @throws MaskwrightError as `decodeCam`; BAD_FORMAT for a class beyond the class list
 */
export function readCamFile(
  bytes: Uint8Array,
  { path, keyBase, classes: wanted, classCount }: CamFile,
): StoredCam {
  const cam = decodeCam(bytes, path, { keyBase, mayBeEmpty: true });
  const count = classCount ?? Number.POSITIVE_INFINITY;
  const beyond = cam.classes.find((id) => id >= count);
  if (beyond !== undefined)
    throw badFormat(
      path,
      `maps of the ${count - 1} classes of the list`,
      `one of class ${beyond}`,
      "--classes must be the list that the CAMs were made with, --cam-keys-from what their keys call its first class.",
    );
  if (wanted === null || cam.classes.every((id) => wanted.includes(id))) return cam;
  const rows = cam.classes.flatMap((id, p) => (wanted.includes(id) ? [p] : []));
  const plane = cam.height * cam.width;
  const data = new Float32Array(rows.length * plane);
  rows.forEach((row, p) => {
    data.set(cam.data.subarray(row * plane, (row + 1) * plane), p * plane);
  });
  return { ...cam, classes: rows.map((row) => cam.classes[row]), data };
}

/** The CRF draws the scores to the photo's edges, as CLIP-ES has it; then its probabilities vote. */
async function seedByCrf(
  cam: Cam,
  masks: readonly Proposal[],
  photo: string,
  power: number,
): Promise<LabelMap> {
  const image = await readPhoto(photo);
  const scores = scoreCam(cam, image, { background: { kind: "power", power } });
  return seedFromMasks(refineByCrf(image, scores), masks, image, {
    background: { kind: "given", power: 1 },
    scoring: { kind: "none" },
  }).seed;
}

function describe(seed: LabelMap, { classes }: Cam): Omit<SeedResult, "masks"> {
  const counts = countLabels(seed);
  const pixels = seed.data.length;
  return {
    pixels,
    labeled: pixels - counts[BACKGROUND],
    classes: classes.map((id) => [id, counts[id]]),
  };
}
