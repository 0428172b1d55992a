import { mixColors, rgb } from "../color.ts";
import type { Layer, ObjectClass } from "../model.ts";
import { ellipse, smooth } from "../outline.ts";
import { chance } from "../scalar.ts";

export const mushroom: ObjectClass = {
  name: "mushroom",
  plural: "mushrooms",
  parts: ["cap", "stem"],
  telling: ["cap"],
  stature: 0.5,
  stance: "stands",
  home: ["grass", "soil", "foliage"],
  build(r, { main }) {
    const half = r.between(0.35, 0.6);
    const rim = r.between(-0.6, -0.45);
    const girth = r.between(0.1, 0.18);
    const pale = mixColors(rgb(240, 230, 210), main, 0.1);
    const dots: Layer[] = [];
    if (chance(r, 0.5)) {
      for (let k = 0; k < 6; k++)
        dots.push({
          outline: ellipse(r.between(-0.8, 0.8) * half, r.between(-0.95, rim), r.between(0.03, 0.07)),
          color: rgb(245, 240, 230),
          inside: true,
        });
    }
    return [
      {
        part: "stem",
        layers: [
          {
            outline: smooth(
              [-girth * 1.2, 0],
              [-girth * 0.8, -0.25],
              [-girth * 0.7, rim - 0.05],
              [girth * 0.7, rim - 0.05],
              [girth * 0.8, -0.25],
              [girth * 1.2, 0],
              [0, 0.02],
            ),
            color: pale,
            bulge: [0.9, 0.1],
          },
        ],
      },
      {
        part: "cap",
        layers: [
          {
            outline: smooth(
              [-half, rim],
              [-half * 0.8, (rim - 1) * 0.55],
              [0, -1],
              [half * 0.8, (rim - 1) * 0.55],
              [half, rim],
              [half * 0.5, rim + 0.06],
              [0, rim + 0.08],
              [-half * 0.5, rim + 0.06],
            ),
            color: main,
            bulge: [0.8, 0.8],
            gloss: 0.3,
            patterned: dots.length === 0,
          },
          ...dots,
        ],
      },
    ];
  },
};
