import { rleIou } from "../../core/iou.ts";
import type { ClassId } from "../../core/label-map.ts";
import { type Rle, rleArea } from "../../core/rle.ts";
import { unionRles } from "../../core/rle-algebra.ts";
import type { OpenLedger } from "./ledger.ts";

/** The region of each class in a picture, background and ignore left out. */
export type Regions = ReadonlyMap<ClassId, Rle>;

/** Unites masks by class. */
export function uniteByClass(masks: readonly { readonly classId: ClassId; readonly rle: Rle }[]): Regions {
  const byClass = new Map<ClassId, Rle[]>();
  for (const { classId, rle } of masks) {
    if (classId === 0 || rleArea(rle) === 0) continue;
    const rles = byClass.get(classId);
    if (rles === undefined) byClass.set(classId, [rle]);
    else rles.push(rle);
  }
  return new Map([...byClass].map(([classId, rles]) => [classId, unionRles(rles)]));
}

/** Enters the IoU of every region before and after; one that is on one side only has 0. */
export function compareRegions(ledger: OpenLedger, id: string, before: Regions, after: Regions): void {
  for (const classId of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(classId), after.get(classId)];
    ledger.compare(id, a === undefined || b === undefined ? 0 : rleIou(a, b));
  }
}
