import { rleIou } from "../../core/iou.ts";
import { IGNORE } from "../../core/label-map.ts";
import { type Rle, rleArea } from "../../core/rle.ts";
import { arrange } from "./arrange.ts";
import type { Capabilities } from "./format.ts";
import type { OpenLedger } from "./ledger.ts";
import type { AnnotatedPicture, AnnotationSource } from "./picture.ts";
import { compareRegions } from "./regions.ts";

/** Every instance of the source with what came back of it; one that is gone, or is another class, has 0. */
export function compareObjects(
  ledger: OpenLedger,
  before: AnnotatedPicture,
  after: AnnotatedPicture,
  source: AnnotationSource,
  holds: Capabilities,
): void {
  let place = 0;
  for (const { before: rle, annotation } of arrange(before, source, holds)) {
    if (annotation.classId === 0 || rleArea(rle) === 0) continue;
    const other = rleArea(annotation.rle) === 0 ? undefined : after.annotations[place++];
    ledger.compare(before.id, other?.classId === annotation.classId ? rleIou(rle, other.rle) : 0);
  }
  for (; place < after.annotations.length; place++) ledger.compare(before.id, 0);
}

/** The pixels of class 255 before and after. */
export function compareIgnore(ledger: OpenLedger, before: AnnotatedPicture, after: AnnotatedPicture): void {
  const regions = (rle: Rle | null) =>
    new Map(rle === null || rleArea(rle) === 0 ? [] : [[IGNORE, rle] as const]);
  compareRegions(ledger, before.id, regions(before.ignore), regions(after.ignore));
}
