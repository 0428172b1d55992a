import { cropImage } from "../../../core/crop.ts";
import { MaskwrightError } from "../../../core/error.ts";
import {
  type Box,
  boxArea,
  boxToSam,
  isWholePicture,
  type Point,
  type SamBox,
} from "../../../core/geometry.ts";
import type { RgbImage } from "../../../core/image.ts";
import type { Proposal } from "../../../core/proposal.ts";
import { rleArea, rleBox } from "../../../core/rle.ts";
import type { SamEmbedding } from "../../../models/sam/embedding.ts";
import { createMaskEncoder, type MaskRuns } from "../../../models/sam/mask-runs.ts";
import type { Sam } from "../../../models/sam/sam.ts";
import { type AdaptiveOptions, isInside, passesOf } from "./adaptive-grid.ts";
import { type Crop, cropsOf, isCutByCrop } from "./crops.ts";
import { keepUncoveredParts } from "./levels.ts";
import { type GeneratorSettings, type ProposeWithSamOptions, settingsOf } from "./options.ts";
import { removeSmallRegions } from "./small-regions.ts";
import { suppressOverlaps } from "./suppression.ts";

const { fround } = Math;

/**
 * Masks of everything in a picture: SAM asked at a grid of points, without what it is not sure of and what it found twice.
 *
 * Masks, thresholds and order are the published generator's, float32 for float32. Boxes are whole here; theirs are one pixel short, and
 * only suppression still goes by those. Of a mask whose predicted IoU is too low nothing but that number is computed.
 *
 * @param sam  any model that makes three masks of a point
 * @returns    by descending `predictedIou`; with crops, those of smaller crops first; with `minRegionArea`, those that had nothing to
 *             clean first; with `levels.maxCovered`, wholes, parts, subparts
 * @throws MaskwrightError INVALID_ARGUMENT for an option out of its range; ABORTED when the signal has fired
 * @see segment-anything, `automatic_mask_generator.py`; for `levels` HAL-42/FMA-WSSS, `custom_sam/sam_auto.py`
 */
export async function proposeWithSam(
  sam: Sam,
  image: RgbImage,
  options: ProposeWithSamOptions = {},
): Promise<Proposal[]> {
  const settings = settingsOf(options);
  const { cropLayers, cropOverlapRatio, maxBoxIou, maxCropBoxIou, minRegionArea } = settings;
  const { maxCovered } = settings.levels;
  const crops = cropsOf(image, cropLayers, cropOverlapRatio);
  const advance = progressOf(crops, settings, options);
  const found: Proposal[] = [];
  for (const crop of crops) found.push(...(await proposeInCrop(sam, image, crop, { ...settings, advance })));

  const distinct = crops.length > 1 ? suppress(found, found.map(preferSmallCrops), maxCropBoxIou) : found;
  const clean =
    minRegionArea > 0 ? cleanUp(distinct, minRegionArea, Math.max(maxBoxIou, maxCropBoxIou)) : distinct;
  return maxCovered === Number.POSITIVE_INFINITY ? clean : keepUncoveredParts(clean, maxCovered);
}

/** What is told of points that are done. */
function progressOf(
  crops: readonly Crop[],
  { grids }: GeneratorSettings,
  { signal, onProgress }: ProposeWithSamOptions,
): (points: number) => void {
  const total = crops.reduce((sum, { layer }) => sum + grids[layer].length, 0);
  let done = 0;
  return (points) => {
    done += points;
    if (signal?.aborted === true)
      throw new MaskwrightError("ABORTED", `proposeWithSam: stopped after ${done} of ${total} points`);
    if (points > 0) onProgress?.({ done, total });
  };
}

interface CropOptions extends GeneratorSettings {
  readonly advance: (points: number) => void;
}

/** The masks of a crop's points that pass its thresholds, each once, by descending rank. */
async function proposeInCrop(
  sam: Sam,
  image: RgbImage,
  crop: Crop,
  { advance, ...settings }: CropOptions,
): Promise<Proposal[]> {
  advance(0);
  const { box, layer } = crop;
  const [width, height] = [box.x1 - box.x0, box.y1 - box.y0];
  const points = settings.grids[layer].map(({ x, y }) => ({ x: x * width, y: y * height }));
  const embedding = await sam.embed(cropImage(image, box));
  const { adaptive, maxBoxIou } = settings;
  const found: (readonly Proposal[])[] = [];
  for (const pass of adaptive === null ? [[...points.keys()]] : passesOf(points)) {
    const known = adaptive === null ? [] : confident(found.flat(), adaptive, width * height);
    const asked = pass.filter((k) => !known.some(({ rle }) => isInside(rle, shifted(points[k], box))));
    advance(pass.length - asked.length);
    const prompts = asked.map((k) => points[k]);
    for await (const { prompt, proposals } of proposeAtPoints(sam, image, crop, {
      ...settings,
      embedding,
      prompts,
    })) {
      found[asked[prompt]] = proposals;
      advance(1);
    }
  }
  const { rankOffset } = settings.levels;
  // In the order of the points, whatever that of the passes.
  const all = found.flat();
  const ranks = all.map(({ predictedIou, level = 0 }) => sum32(predictedIou, rankOffset[level]));
  return suppress(all, ranks, maxBoxIou);
}

interface PointsOptions extends GeneratorSettings {
  readonly embedding: SamEmbedding;
  /** In the crop. */
  readonly prompts: readonly Point[];
}

/** The masks of each point that pass the thresholds of a crop. */
async function* proposeAtPoints(
  sam: Sam,
  image: RgbImage,
  { box }: Crop,
  { embedding, prompts, minPredictedIou, minStability, stabilityOffset, levels, batch }: PointsOptions,
): AsyncGenerator<{ readonly prompt: number; readonly proposals: readonly Proposal[] }> {
  const predictions = sam.decodeEach(
    embedding,
    prompts.map((point) => ({ points: [{ ...point, positive: true }] })),
    {
      precision: "float64",
      ...batch,
      keep: (predictedIou, level) =>
        minPredictedIou <= 0 ||
        sum32(predictedIou, levels.predictedIouOffset[level]) > fround(minPredictedIou),
    },
  );
  let encode: ((logits: Float32Array) => MaskRuns) | undefined;
  for await (const { prompt, indices, logits, predictedIou, ...frame } of predictions) {
    const [, lowHeight, lowWidth] = logits.shape;
    encode ??= createMaskEncoder(
      frame,
      { height: lowHeight, width: lowWidth },
      { stabilityOffset, crop: { x0: box.x0, y0: box.y0, size: image } },
    );
    const proposals: Proposal[] = [];
    for (const [k, level] of indices.entries()) {
      const runs = encode(logits.data.subarray(k * lowHeight * lowWidth, (k + 1) * lowHeight * lowWidth));
      const isStable =
        minStability <= 0 || sum32(runs.stability, levels.stabilityOffset[level]) >= fround(minStability);
      if (!isStable || isCutByCrop(samBox(runs.box, box), box, image)) continue;
      proposals.push({
        ...runs,
        predictedIou: predictedIou[k],
        point: shifted(prompts[prompt], box),
        ...(!isWholePicture(box, image) && { cropBox: box }),
        level: level as 0 | 1 | 2,
      });
    }
    yield { prompt, proposals };
  }
}

/** Masks whose points need not be asked. */
function confident(
  proposals: readonly Proposal[],
  { minPredictedIou = 0.95, maxAreaFraction = 0.1 }: AdaptiveOptions,
  pixels: number,
): Proposal[] {
  return proposals.filter(
    ({ predictedIou, area }) => predictedIou >= minPredictedIou && area <= maxAreaFraction * pixels,
  );
}

function shifted({ x, y }: Point, { x0, y0 }: Box): Point {
  return { x: x + x0, y: y + y0 };
}

function suppress(proposals: readonly Proposal[], ranks: readonly number[], maxIou: number): Proposal[] {
  const boxes = proposals.map(({ box, cropBox }) => samBox(box, cropBox));
  return suppressOverlaps(boxes, ranks, maxIou).map((k) => proposals[k]);
}

function preferSmallCrops({ cropBox, rle }: Proposal): number {
  return fround(1 / fround(cropBox === undefined ? rle.height * rle.width : boxArea(cropBox)));
}

/** Without small holes and islands; of masks that are alike now, one that had none stays rather than one that had. */
function cleanUp(proposals: readonly Proposal[], minArea: number, maxIou: number): Proposal[] {
  const cleaned = proposals.map((proposal) => {
    const rle = removeSmallRegions(proposal.rle, minArea);
    return rle === proposal.rle ? proposal : { ...proposal, rle, area: rleArea(rle), box: rleBox(rle) };
  });
  const ranks = cleaned.map((proposal, k) => (proposal === proposals[k] ? 1 : 0));
  return suppress(cleaned, ranks, maxIou);
}

/** SAM's box of a mask; that of an empty one is four zeros of the crop. */
function samBox(box: Box | null, { x0, y0 }: Pick<Box, "x0" | "y0"> = { x0: 0, y0: 0 }): SamBox {
  return box === null ? [x0, y0, x0, y0] : boxToSam(box);
}

/** A sum as PyTorch has it of a float32 tensor and one of offsets. */
function sum32(value: number, offset: number): number {
  return fround(value + fround(offset));
}
