import { type ClassId, compareLabels } from "../../core/label-map.ts";
import { rleArea } from "../../core/rle.ts";
import { intersectionArea } from "../../core/rle-algebra.ts";
import type { ClassList } from "../class-list.ts";
import type { Arranged } from "./arrange.ts";
import type { Capabilities } from "./format.ts";
import type { LossKind, OpenLedger } from "./ledger.ts";
import { toLabelMap } from "./overlap.ts";
import type { AnnotatedPicture, Annotation, AnnotationSource } from "./picture.ts";
import { uniteByClass } from "./regions.ts";

/**
 * Enters what the target has no place for in a picture.
 *
 * @param given  the list of classes that the conversion was called with: COCO's numbers are no loss when it has them
 */
export function countLosses(
  ledger: OpenLedger,
  picture: AnnotatedPicture,
  arranged: readonly Arranged[],
  source: AnnotationSource,
  holds: Capabilities,
  given: ClassList | null,
): void {
  const { id, annotations, ignore, split, leftOut } = picture;
  const full = annotations.filter(({ rle }) => rleArea(rle) > 0);
  for (const [kind, count] of Object.entries(leftOut)) ledger.lose(kind as LossKind, id, count);
  if (!holds.ignore && ignore !== null) ledger.lose("ignore-pixels", id, rleArea(ignore));
  if (!holds.overlaps) ledger.lose("hidden-pixels", id, countHidden(arranged, holds));
  else if (!holds.layers && source.isLayered && source.hasObjects)
    ledger.lose("layer-pixels", id, countMoved(picture));
  if (!holds.objects) ledger.lose("shared-classes", id, countShared(full));
  if (!holds.crowds) ledger.lose("crowd-flags", id, full.filter(({ isCrowd }) => isCrowd).length);
  ledger.lose("empty-instances", id, annotations.length - full.length);
  if (holds.objects)
    ledger.lose("background-objects", id, full.filter(({ classId }) => classId === 0).length);
  if (!holds.splits && split !== null) ledger.lose("splits", id, source.splits.length > 1 ? 1 : 0);
  const ids = source.categoryIds;
  if (!holds.categoryIds && ids !== undefined) {
    const known = given?.categoryIds;
    const isLost = ({ classId }: Annotation): boolean =>
      classId !== 0 && ids[classId] !== classId && ids[classId] !== known?.[classId];
    ledger.lose("class-ids", id, full.filter(isLost).length);
  }
}

/** Pixels whose class changes when the small annotations lie on top instead of the later ones. */
function countMoved(picture: AnnotatedPicture): number {
  return compareLabels(toLabelMap(picture, true), toLabelMap(picture, false)).changed;
}

/** Pixels of an instance that go to another one; where objects are one anyway, pixels of a class that go to another class. */
function countHidden(arranged: readonly Arranged[], holds: Capabilities): number {
  let hidden = 0;
  if (holds.objects) {
    for (const { before, annotation } of arranged)
      if (annotation.classId !== 0) hidden += rleArea(before) - rleArea(annotation.rle);
    return hidden;
  }
  const after = uniteByClass(arranged.map(({ annotation }) => annotation));
  const all = uniteByClass(arranged.map(({ before, annotation }) => ({ ...annotation, rle: before })));
  for (const [classId, rle] of all) {
    const left = after.get(classId);
    hidden += rleArea(rle) - (left === undefined ? 0 : intersectionArea(rle, left));
  }
  return hidden;
}

/** Annotations whose class has another one in this picture. */
function countShared(annotations: readonly Annotation[]): number {
  const counts = new Map<ClassId, number>();
  for (const { classId } of annotations) counts.set(classId, (counts.get(classId) ?? 0) + 1);
  return [...counts.values()].reduce((total, count) => total + (count > 1 ? count : 0), 0);
}
