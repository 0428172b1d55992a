import { rgb } from "../color.ts";
import type { Layer } from "../model.ts";
import { ellipse } from "../outline.ts";

/** A round eye that looks to the right. */
export function eye(x: number, y: number, radius: number): Layer[] {
  return [
    { outline: ellipse(x, y, radius), color: rgb(240, 238, 230) },
    {
      outline: ellipse(x + radius * 0.2, y, radius * 0.6),
      color: rgb(20, 20, 24),
      gloss: 0.6,
      bulge: [0.7, 0.7],
    },
  ];
}
