import { type Box, boxArea, intersectBoxes } from "./geometry.ts";
import { checkSameSize, type Rle, rleArea, rleBox } from "./rle.ts";
import { intersectionArea } from "./rle-algebra.ts";

/** Intersection over union; 0 when both are empty. @throws MaskwrightError SHAPE_MISMATCH */
export function rleIou(a: Rle, b: Rle): number {
  const shared = intersectionArea(a, b);
  return shared === 0 ? 0 : shared / (rleArea(a) + rleArea(b) - shared);
}

export interface IouOptions {
  /** Of each truth: a crowd region. The IoU with a crowd is the share of the detection inside it. */
  readonly isCrowd?: ArrayLike<boolean | number>;
}

/**
 * IoU of every detection with every truth, [D, T] row-major, as pycocotools' `iou` of masks.
 *
 * @throws MaskwrightError SHAPE_MISMATCH when the masks are not of one size (pycocotools gives -1)
 */
export function rleIous(
  detections: readonly Rle[],
  truths: readonly Rle[],
  { isCrowd = [] }: IouOptions = {},
): Float64Array {
  const boxes = truths.map(rleBox);
  const areas = truths.map(rleArea);
  const ious = new Float64Array(detections.length * truths.length);
  for (let d = 0; d < detections.length; d++) {
    const box = rleBox(detections[d]);
    const area = rleArea(detections[d]);
    for (let t = 0; t < truths.length; t++) {
      checkSameSize("rleIous", detections[d], truths[t]);
      const other = boxes[t];
      // Most pairs share no box, let alone pixels.
      if (box === null || other === null || intersectBoxes(box, other) === null) continue;
      const shared = intersectionArea(detections[d], truths[t]);
      if (shared > 0) ious[d * truths.length + t] = shared / (isCrowd[t] ? area : area + areas[t] - shared);
    }
  }
  return ious;
}

/** IoU of every detection with every truth, [D, T] row-major, as pycocotools' `iou` of boxes. */
export function boxIous(
  detections: readonly Box[],
  truths: readonly Box[],
  { isCrowd = [] }: IouOptions = {},
): Float64Array {
  const areas = truths.map(boxArea);
  const ious = new Float64Array(detections.length * truths.length);
  for (let d = 0; d < detections.length; d++) {
    const area = boxArea(detections[d]);
    for (let t = 0; t < truths.length; t++) {
      const common = intersectBoxes(detections[d], truths[t]);
      if (common === null) continue;
      const shared = boxArea(common);
      ious[d * truths.length + t] = shared / (isCrowd[t] ? area : area + areas[t] - shared);
    }
  }
  return ious;
}
