import { borderDepths } from "../src/core/border-depth.ts";
import type { ObjectPrompt } from "../src/core/object-prompt.ts";
import { decodeRle } from "../src/core/rle.ts";
import type { BoxedPhoto } from "./boxed-photos.ts";

type BoxedObject = BoxedPhoto["objects"][number];

/** A click on the pixel of an object that is deepest in it: farthest from its border in city-block distance, the first of equals. */
export function clickDeepest({ truth }: BoxedObject): ObjectPrompt {
  const { height, width, data } = decodeRle(truth);
  const depths = borderDepths(data, { height, width });
  let deepest = -1;
  for (let p = 0; p < data.length; p++)
    if (data[p] === 1 && (deepest < 0 || depths[p] > depths[deepest])) deepest = p;
  return clickOn(deepest, width);
}

/** A click on the pixel at the center of an object's box; on the deepest pixel where that one is not the object's. */
export function clickCenter(object: BoxedObject): ObjectPrompt {
  return hasCenter(object) ? clickOn(centerOf(object), object.truth.width) : clickDeepest(object);
}

/** Whether the pixel at the center of an object's box is the object's. */
export function hasCenter(object: BoxedObject): boolean {
  return decodeRle(object.truth).data[centerOf(object)] === 1;
}

/** The pixel, row by row, that the center of a box lies in; the box is inside the picture. */
function centerOf({ box: { x0, y0, x1, y1 }, truth: { width } }: BoxedObject): number {
  return Math.floor((y0 + y1) / 2) * width + Math.floor((x0 + x1) / 2);
}

function clickOn(pixel: number, width: number): ObjectPrompt {
  const x = pixel % width;
  return { kind: "points", points: [{ x: x + 0.5, y: (pixel - x) / width + 0.5, positive: true }] };
}
