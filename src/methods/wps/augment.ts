import { invalid } from "../../core/error.ts";
import { type Box, boxArea, clipBox, intersectBoxes } from "../../core/geometry.ts";
import type { RgbImage } from "../../core/image.ts";
import { checkSize } from "../../core/limits.ts";
import { mirrorRows } from "../../core/mirror.ts";
import type { WeakLabel } from "../../core/weak-label.ts";

/** Boxes or points of parts. */
export type PartLabel = Extract<WeakLabel, { readonly kind: "boxes" | "points" }>;

/** A picture and what it is taught by. The published training changes neither; these functions are for small data sets. */
export interface TaughtPicture {
  readonly image: RgbImage;
  readonly weak: PartLabel;
}

/**
 * Left and right exchanged. A class "left …" becomes "right …" where there is one; words may be joined in any way but by letters.
 *
 * @param classes  index = class id
 */
export function flipPicture({ image, weak }: TaughtPicture, classes: readonly string[]): TaughtPicture {
  const { height, width, data } = image;
  const mirrored = mirrorClasses(classes);
  return {
    image: { height, width, data: mirrorRows(data, width, 3) },
    weak: mapLabel(weak, {
      box: ({ classId, x0, x1, ...box }) => [
        { ...box, classId: mirrored[classId], x0: width - x1, x1: width - x0 },
      ],
      point: ({ classId, x, ...point }) => [{ ...point, classId: mirrored[classId], x: width - x }],
    }),
  };
}

/** The class that each class is in a mirror: "front left door" for "front right door", itself for "wheel". */
export function mirrorClasses(classes: readonly string[]): number[] {
  const ids = new Map(classes.map((name, id) => [name, id]));
  return classes.map((name, id) => ids.get(mirrorName(name)) ?? id);
}

function mirrorName(name: string): string {
  return name.replace(/(?<![a-z])(left|right)(?![a-z])/gi, (word) => {
    const other = word.toLowerCase() === "left" ? "right" : "left";
    if (word === word.toUpperCase()) return other.toUpperCase();
    return word[0] === word[0].toUpperCase() ? other[0].toUpperCase() + other.slice(1) : other;
  });
}

/** Share of a box that must remain for its part to count as being in the picture. */
const MIN_SHARE = 0.5;

/**
 * The part of a picture in a window of whole pixels, black where the window leaves it: a smaller window makes everything larger, since the
 * encoder sees every picture at one size. Boxes are cut; those of which less than half remains, and points outside, are left out.
 *
 * @throws MaskwrightError INVALID_ARGUMENT for a window with fractions or without pixels
 */
export function cropPicture({ image, weak }: TaughtPicture, window: Box): TaughtPicture {
  const { x0, y0, x1, y1 } = window;
  if (![x0, y0, x1, y1].every(Number.isInteger) || x1 <= x0 || y1 <= y0)
    throw invalid("cropPicture: window", "whole numbers x0 < x1 and y0 < y1", [x0, y0, x1, y1]);
  const [height, width] = [y1 - y0, x1 - x0];
  checkSize("cropPicture: window", { height, width });
  const data = new Uint8Array(height * width * 3);
  const seen = clipBox(window, image);
  if (seen !== null) {
    const length = (seen.x1 - seen.x0) * 3;
    for (let i = seen.y0; i < seen.y1; i++) {
      const from = (i * image.width + seen.x0) * 3;
      data.set(image.data.subarray(from, from + length), ((i - y0) * width + seen.x0 - x0) * 3);
    }
  }
  return {
    image: { height, width, data },
    weak: mapLabel(weak, {
      box: (box) => {
        const cut = intersectBoxes(box, window);
        if (cut === null || boxArea(cut) < MIN_SHARE * boxArea(box)) return [];
        const { classId } = box;
        return [{ classId, x0: cut.x0 - x0, y0: cut.y0 - y0, x1: cut.x1 - x0, y1: cut.y1 - y0 }];
      },
      point: (point) => {
        const isInside = point.x >= x0 && point.x < x1 && point.y >= y0 && point.y < y1;
        return isInside ? [{ ...point, x: point.x - x0, y: point.y - y0 }] : [];
      },
    }),
  };
}

type Boxes = Extract<PartLabel, { readonly kind: "boxes" }>["boxes"];
type Points = Extract<PartLabel, { readonly kind: "points" }>["points"];

function mapLabel(
  weak: PartLabel,
  to: {
    readonly box: (box: Boxes[number]) => Boxes;
    readonly point: (point: Points[number]) => Points;
  },
): PartLabel {
  return weak.kind === "boxes"
    ? { kind: "boxes", boxes: weak.boxes.flatMap(to.box) }
    : { kind: "points", points: weak.points.flatMap(to.point) };
}
