import { IGNORE, type LabelMap } from "../../core/label-map.ts";
import { paintRle, type Rle, rleArea } from "../../core/rle.ts";
import { subtractRle, unionRles } from "../../core/rle-algebra.ts";
import type { AnnotatedPicture, Annotation } from "./picture.ts";

/**
 * The order in which annotations are painted over one another: theirs, where it says what is in front; otherwise crowds first,
 * then from the largest to the smallest, so that what stands in front of something larger stays visible, as `cocoToLabelMap` does.
 */
export function paintingOrder(annotations: readonly Annotation[], isLayered: boolean): number[] {
  const order = annotations.map((_, k) => k);
  if (isLayered) return order;
  const areas = annotations.map(({ rle }) => rleArea(rle));
  const crowd = (k: number): number => Number(annotations[k].isCrowd);
  return order.sort((a, b) => crowd(b) - crowd(a) || areas[b] - areas[a]);
}

/** The class of each pixel; ignore pixels lie on top. */
export function toLabelMap(
  { height, width, annotations, ignore }: AnnotatedPicture,
  isLayered: boolean,
): LabelMap {
  const data = new Uint8Array(height * width);
  for (const k of paintingOrder(annotations, isLayered))
    paintRle(data, annotations[k].rle, annotations[k].classId);
  if (ignore !== null) paintRle(data, ignore, IGNORE);
  return { height, width, data };
}

/** The annotations without what others or ignore pixels cover; one whose pixels are all covered becomes empty. */
export function withoutOverlaps(
  { annotations, ignore }: AnnotatedPicture,
  isLayered: boolean,
): readonly Annotation[] {
  const visible = [...annotations];
  let covered: Rle | null = ignore;
  for (const k of paintingOrder(annotations, isLayered).reverse()) {
    const { rle, classId, isCrowd } = annotations[k];
    if (covered !== null) {
      const left = subtractRle(rle, covered);
      if (rleArea(left) < rleArea(rle)) visible[k] = { classId, rle: left, isCrowd };
    }
    covered = covered === null ? rle : unionRles([covered, rle]);
  }
  return visible;
}
