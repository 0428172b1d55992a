import type { ClassMaps, Probs } from "../../core/class-maps.ts";
import type { CrfOptions } from "../../core/crf.ts";
import type { Box, Size } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import type { ClassId, LabelMap } from "../../core/label-map.ts";
import { boxesOf } from "./inference-boxes.ts";
import { crfSide, refineInParts } from "./inference-crf.ts";
import { type ScoreField, toProbs } from "./inference-scores.ts";

/** Side of the boxes that scores are read in: their logits take 0.26 MB for each class. */
const TILE = 256;

/**
 * The class of each pixel: that of the highest score. Ties: the class that comes first.
 *
 * Scores lie in memory for a box of 256² pixels at a time, or of `crfSide`² with a CRF, whatever the picture's size; see `openScores` for what
 * else does.
 *
 * @param scores  of the picture
 * @param crf     lets a dense CRF move the borders
 * @throws MaskwrightError as `ScoreField.read`, and INVALID_ARGUMENT for an option of the CRF out of range
 */
export async function labelPixels(scores: ScoreField, image: RgbImage, crf?: CrfOptions): Promise<LabelMap> {
  const { height, width } = image;
  const labels: LabelMap = { height, width, data: new Uint8Array(height * width) };
  if (crf === undefined)
    for (const box of boxesOf(image, TILE)) drawClasses(labels, box, await scores.read(box), box);
  else
    for await (const { box, around, probs } of refineInParts(
      image,
      scores,
      crf,
      crfSide(scores.classes.length),
    ))
      drawClasses(labels, box, probs, around);
  return labels;
}

/**
 * Probabilities of some of the classes on a grid over the picture.
 *
 * @param wanted  ids among the scores' classes
 * @returns       [P, grid], in the order of `wanted`
 */
export async function readProbabilities(
  scores: ScoreField,
  wanted: readonly ClassId[],
  grid: Size,
): Promise<Probs> {
  const { height, width } = grid;
  const data = new Float32Array(wanted.length * height * width);
  for (const box of wanted.length === 0 ? [] : boxesOf(grid, TILE)) {
    const part = toProbs(await scores.read(box, grid));
    const [rows, columns] = [part.height, part.width];
    for (const [k, id] of wanted.entries())
      for (let i = 0, from = part.classes.indexOf(id) * rows * columns; i < rows; i++, from += columns)
        data.set(part.data.subarray(from, from + columns), (k * height + box.y0 + i) * width + box.x0);
  }
  return { kind: "prob", classes: wanted, height, width, data };
}

/** Writes the class of the highest score at each pixel of `box`. @param from  the box that the scores are of */
function drawClasses(
  labels: LabelMap,
  box: Box,
  { classes, data }: ClassMaps<"logit" | "prob">,
  from: Box,
): void {
  const width = from.x1 - from.x0;
  const area = width * (from.y1 - from.y0);
  const count = box.x1 - box.x0;
  const highest = new Float32Array(count);
  // Row by row and class by class: the classes of one pixel lie far apart.
  for (let i = box.y0; i < box.y1; i++) {
    const first = (i - from.y0) * width + box.x0 - from.x0;
    const at = i * labels.width + box.x0;
    highest.set(data.subarray(first, first + count));
    labels.data.fill(classes[0], at, at + count);
    for (let c = 1; c < classes.length; c++) {
      const [id, start] = [classes[c], c * area + first];
      for (let j = 0; j < count; j++) {
        const score = data[start + j];
        if (score > highest[j]) {
          highest[j] = score;
          labels.data[at + j] = id;
        }
      }
    }
  }
}
