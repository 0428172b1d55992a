import { hsl, mixColors, rgb, scaleColor } from "../color.ts";
import type { ObjectClass, PartModel } from "../model.ts";
import { ellipse, limb, smooth } from "../outline.ts";
import { chance } from "../scalar.ts";

export const cup: ObjectClass = {
  name: "cup",
  plural: "cups",
  parts: ["body", "handle", "saucer"],
  telling: ["body", "handle"],
  stature: 0.5,
  stance: "stands",
  home: ["floor", "cloth"],
  build(r, { main, second }) {
    const top = r.between(0.4, 0.52);
    const bottom = top * r.between(0.55, 0.95);
    const dip = r.between(0.06, 0.12);
    const reach = r.between(0.2, 0.3);
    const drink = chance(r, 0.6) ? hsl(0.07, 0.6, 0.16) : scaleColor(main, 0.6);
    const parts: PartModel[] = [
      {
        part: "handle",
        layers: [
          {
            outline: limb(
              [top * 0.86, -0.78, 0.055],
              [top + reach * 0.8, -0.76, 0.055],
              [top + reach, -0.52, 0.05],
              [top + reach * 0.6, -0.3, 0.05],
              [bottom * 0.95, -0.26, 0.05],
            ),
            color: main,
            bulge: [0.5, 0.5],
            gloss: 0.4,
          },
        ],
      },
      {
        part: "body",
        layers: [
          {
            outline: smooth(
              [-top, -0.93],
              [-top * 0.99, -0.6],
              [-bottom, -0.06],
              [0, 0.02],
              [bottom, -0.06],
              [top * 0.99, -0.6],
              [top, -0.93],
              [0, -0.93 + dip],
            ),
            color: main,
            bulge: [0.9, 0.1],
            gloss: 0.5,
            patterned: true,
          },
          { outline: ellipse(0, -0.93, top, dip), color: mixColors(main, rgb(255, 255, 255), 0.35) },
          { outline: ellipse(0, -0.915, top * 0.9, dip * 0.78), color: drink },
        ],
      },
    ];
    if (chance(r, 0.5))
      parts.unshift({
        part: "saucer",
        layers: [
          {
            outline: ellipse(0, -0.02, top * 1.7, 0.13),
            color: mixColors(second, rgb(240, 240, 240), 0.5),
            bulge: [0.3, 0.6],
            gloss: 0.3,
          },
          {
            outline: ellipse(0, -0.04, top * 1.05, 0.075),
            color: scaleColor(mixColors(second, rgb(240, 240, 240), 0.5), 0.8),
          },
        ],
      });
    return parts;
  },
};
