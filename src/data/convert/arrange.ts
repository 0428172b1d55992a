import { type Rle, rleArea } from "../../core/rle.ts";
import type { Capabilities } from "./format.ts";
import { paintingOrder, withoutOverlaps } from "./overlap.ts";
import type { AnnotatedPicture, Annotation, AnnotationSource } from "./picture.ts";

/** What is left for the writer: annotations with pixels, in order, apart and of a class where the format asks for that. */
export function keepHeld(
  picture: AnnotatedPicture,
  arranged: readonly Arranged[],
  holds: Capabilities,
): AnnotatedPicture {
  const annotations = arranged
    .map(({ annotation }) => annotation)
    .filter(({ rle, classId }) => classId !== 0 && rleArea(rle) > 0)
    .map((annotation) => (holds.crowds ? annotation : { ...annotation, isCrowd: false }));
  const split = holds.splits ? picture.split : null;
  return { ...picture, annotations, ignore: heldIgnore(picture, holds), split };
}

function heldIgnore({ ignore }: AnnotatedPicture, holds: Capabilities): Rle | null {
  return holds.ignore && ignore !== null && rleArea(ignore) > 0 ? ignore : null;
}

/** An annotation as the target will have it, with its mask before. */
export interface Arranged {
  readonly before: Rle;
  readonly annotation: Annotation;
}

/** The annotations without overlaps, or in the order of layers, where the target needs that. */
export function arrange(
  picture: AnnotatedPicture,
  { isLayered }: AnnotationSource,
  holds: Capabilities,
): readonly Arranged[] {
  const { annotations } = picture;
  const ignore = heldIgnore(picture, holds);
  const kept = holds.overlaps ? annotations : withoutOverlaps({ ...picture, ignore }, isLayered);
  const order = holds.layers ? paintingOrder(annotations, isLayered) : annotations.map((_, k) => k);
  return order.map((k) => ({ before: annotations[k].rle, annotation: kept[k] }));
}
